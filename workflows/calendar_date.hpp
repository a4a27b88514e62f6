#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace platform {

/// "YYYY-MM-DD" of a real day of the years 1970 to 9999. Throws ApplicationError "InvalidDate", not retried, that names
/// `field`, its value and what is allowed.
std::chrono::sys_days parse_date(std::string_view field, std::string_view text);

/// The day as "YYYY-MM-DD".
std::string to_text(std::chrono::sys_days day);

}  // namespace platform
