#pragma once

#include <stdexcept>

namespace platform::ingress {

/// The database is down, too slow or too busy: 503, and the sender may try again.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The organization does not exist (any more), or is not active: 404.
struct UnknownOrganization : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The body is not what a vendor sends: 400. The message names the field, its value and what is allowed.
struct BadMessage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace platform::ingress
