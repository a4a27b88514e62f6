#include <activities/vendors/vendor_error.hpp>

#include <activities/vendors/text.hpp>

#include <fmt/format.h>

namespace platform::vendors {
namespace {

constexpr std::size_t kLongestMessage = 500;

VendorFault cleaned(VendorFault fault) {
  fault.code = text_prefix(fault.code, 100);
  fault.message = text_prefix(fault.message, kLongestMessage);
  return fault;
}

std::string words_for(const VendorFault& fault) {
  return fmt::format("{}: {} (status {}, {}): {}", fault.vendor, name_of(fault.kind), fault.status,
                     text_prefix(fault.code, 100), text_prefix(fault.message, kLongestMessage));
}

}  // namespace

std::string_view name_of(VendorErrorKind kind) {
  switch (kind) {
    case VendorErrorKind::retry: return "retry";
    case VendorErrorKind::permanent: return "permanent";
    case VendorErrorKind::unknown_outcome: return "unknown_outcome";
  }
  return "unknown";
}

VendorError::VendorError(VendorFault fault) : std::runtime_error(words_for(fault)), fault_(cleaned(std::move(fault))) {}

VendorFault fault_of(std::string vendor, const HttpResult& result) {
  const auto kind = result.outcome == HttpOutcome::permanent         ? VendorErrorKind::permanent
                    : result.outcome == HttpOutcome::unknown_outcome ? VendorErrorKind::unknown_outcome
                                                                     : VendorErrorKind::retry;
  return {.kind = kind,
          .vendor = std::move(vendor),
          .status = result.status,
          .code = result.error_code,
          .message = result.error,
          .retry_after = result.retry_after};
}

}  // namespace platform::vendors
