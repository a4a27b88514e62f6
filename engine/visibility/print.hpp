#pragma once

#include <string>

#include <holdfast/visibility/filter.hpp>

namespace holdfast::visibility {

/// The filter as text that parse_filter reads as the same filter.
std::string to_text(const Filter& filter);

}  // namespace holdfast::visibility
