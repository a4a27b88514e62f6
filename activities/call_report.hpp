#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace platform {

/// The part of VAPI's end-of-call-report (or of a status-update) that we keep. Everything is optional at the
/// vendor's; text is free of NUL characters, which PostgreSQL cannot store.
struct CallReport {
  std::string status;     ///< "completed" or "failed", by the ended reason
  std::string direction;  ///< the vendor's call type
  std::string assistant_id;
  std::string from_number;
  std::string started_at;  ///< RFC 3339 or empty
  std::string ended_at;    ///< RFC 3339 or empty
  std::string ended_reason;
  std::int64_t duration_ms = 0;
  std::string cost_usd;  ///< a decimal number or empty
  std::string transcript;
  std::string messages = "[]";  ///< JSON array
  std::string summary;
  std::string recording_url;

  std::size_t bytes() const { return sizeof *this + transcript.size() + messages.size() + summary.size() + 500; }
};

/// Reads the body of the vendor's request, as it came. Missing and odd members are left out; throws
/// holdfast::ApplicationError "BadReport" (not retryable) if it is not a JSON object with a `message` in it.
CallReport parse_call_report(std::string_view body);

}  // namespace platform
