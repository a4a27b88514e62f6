#pragma once

#include <activities/vendors/http_client.hpp>

#include <ctime>

namespace platform::vendors {

/// The class of an answered request, by its status alone.
HttpOutcome outcome_of_status(int status);

/// Reads `Retry-After`: whole seconds, or an HTTP date (relative to the answer's own `Date` if it has one, else to
/// `now`). Dates in the past are 0; a year at most. Nothing if the header is absent or unreadable.
std::optional<std::chrono::seconds> retry_after(const HeaderList& headers, std::time_t now);

}  // namespace platform::vendors
