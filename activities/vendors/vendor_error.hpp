#pragma once

#include <activities/vendors/http_client.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace platform::vendors {

/// What the caller may do about a failed vendor call.
enum class VendorErrorKind {
  retry,            ///< the same call again, after `retry_after` or a back-off; it has no effect twice
  permanent,        ///< the same call will fail again
  unknown_outcome,  ///< the effect may have happened: look before calling again (SmsSender::find_sent)
};

std::string_view name_of(VendorErrorKind kind);

struct VendorFault {
  VendorErrorKind kind = VendorErrorKind::retry;
  std::string vendor{};  ///< "twilio", "resend", "openai", "gemini", "supabase", "vapi"
  int status = 0;        ///< HTTP status; 0: no answer
  std::string
      code{};  ///< the vendor's own code or name, else HttpResult::error_code, or `bad_answer`, `refused`, `truncated`
  std::string message{};  ///< for people: valid UTF-8 without NUL bytes, at most 500 bytes, no secrets of ours
  std::optional<std::chrono::seconds> retry_after{};
};

/// Every failure of a vendor call. what() names the vendor, the status, the code and the message.
class VendorError : public std::runtime_error {
 public:
  explicit VendorError(VendorFault fault);

  const VendorFault& fault() const { return fault_; }
  VendorErrorKind kind() const { return fault_.kind; }

 private:
  VendorFault fault_;
};

/// The fault of a result that is not `ok`, as far as HTTP alone can tell; adapters refine code, message and kind.
VendorFault fault_of(std::string vendor, const HttpResult& result);

}  // namespace platform::vendors
