#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace holdfast::visibility {

/// A filter that cannot be understood. The message says what is wrong and what is allowed, and below it shows the place
/// in the filter with a caret:
///
///   filter, at 16: AND is a keyword, no value; allowed: ...
///     WorkflowType = AND
///                    ^
class FilterError : public std::invalid_argument {
 public:
  /// `position`: of the byte at which `filter` goes wrong.
  FilterError(std::string_view filter, std::size_t position, const std::string& problem);
  /// Something that has no place.
  explicit FilterError(const std::string& problem) : std::invalid_argument("filter: " + problem) {}

  std::size_t position() const { return position_; }

 private:
  std::size_t position_ = 0;
};

}  // namespace holdfast::visibility
