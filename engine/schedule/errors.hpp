#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace holdfast::schedule {

/// A schedule says something that is not allowed. The message names the field, its value and what is allowed.
struct SpecError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Throws SpecError: `<field> is '<value>'; allowed: <allowed>`. Long values are cut, control characters replaced.
[[noreturn]] void reject(const std::string& field, std::string_view value, const std::string& allowed);

}  // namespace holdfast::schedule
