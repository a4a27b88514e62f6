#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

/// The names with another one in front each time: what a limit cuts off is then not always the same.
inline std::vector<std::string> rotated(std::span<const std::string> names, std::size_t turn) {
  std::vector<std::string> out(names.begin(), names.end());
  if (out.size() > 1) std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(turn % out.size()), out.end());
  return out;
}

}  // namespace holdfast::store::postgres
