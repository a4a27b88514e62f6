#pragma once

#include <array>
#include <span>
#include <string_view>

namespace platform::traffic {

/// What recurs: the same thing said in several ways. {p} stands for the product.
struct Theme {
  std::string_view name;
  std::array<std::string_view, 6> sentences;
};

std::span<const Theme> themes();
std::span<const std::string_view> product_names();
/// Where and how something happened; says nothing about the subject.
std::span<const std::string_view> surroundings();
/// Parts of everyday remarks: who did, what, with what, why.
std::span<const std::string_view> deeds();
std::span<const std::string_view> things();
std::span<const std::string_view> reasons();

}  // namespace platform::traffic
