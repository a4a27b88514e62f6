#include <activities/vendors/usage_billing.hpp>

#include <activities/vendors/vendor_error.hpp>

namespace platform::vendors {
namespace {

constexpr std::size_t kLongestIdentifier = 100;

void require(bool ok, std::string code, std::string message) {
  if (ok) return;
  throw VendorError({.kind = VendorErrorKind::permanent,
                     .vendor = "billing",
                     .code = std::move(code),
                     .message = std::move(message)});
}

}  // namespace

void check_meter_event(const MeterEvent& event) {
  require(!event.identifier.empty() && event.identifier.size() <= kLongestIdentifier, "invalid_identifier",
          "the identifier has " + std::to_string(event.identifier.size()) + " bytes, allowed are 1 to 100");
  require(!event.customer_id.empty(), "invalid_customer", "the customer id is empty");
}

MeterErrorReport LocalUsageBilling::error_report(const std::string& event_id) {
  throw VendorError({.kind = VendorErrorKind::permanent,
                     .vendor = "billing",
                     .code = "no_vendor",
                     .message = "no payment vendor is configured that could tell about " + event_id});
}

}  // namespace platform::vendors
