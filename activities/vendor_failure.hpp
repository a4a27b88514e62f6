#pragma once

#include <activities/vendors/vendor_error.hpp>
#include <holdfast/core/errors.hpp>

namespace platform {

/// The activity failure for a vendor's error: its type is the vendor and code ("twilio.21610"), permanent ones are not
/// retried, and a Retry-After sets the next attempt.
holdfast::ApplicationError activity_failure(const vendors::VendorError& error);

/// Calls `call`, with VendorErrors turned into activity failures.
template <class Call>
auto as_activity_failure(const Call& call) {
  try {
    return call();
  } catch (const vendors::VendorError& error) {
    throw activity_failure(error);
  }
}

}  // namespace platform
