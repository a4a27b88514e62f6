#include <activities/vendor_failure.hpp>

namespace platform {

holdfast::ApplicationError activity_failure(const vendors::VendorError& error) {
  const auto& fault = error.fault();
  const holdfast::ApplicationError failure(fault.vendor + "." + fault.code, error.what(),
                                           error.kind() == vendors::VendorErrorKind::permanent);
  return fault.retry_after ? failure.with_next_retry(*fault.retry_after) : failure;
}

}  // namespace platform
