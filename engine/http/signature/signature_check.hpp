#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

/// Why a signed request was refused. All but `valid` answer 401: they never depend on anything secret.
enum class SignatureVerdict { valid, missing_header, malformed_header, stale_timestamp, bad_signature };

std::string_view name_of(SignatureVerdict verdict);

/// Outcome of one verification. A bad signature is a result, never an exception.
struct SignatureCheck {
  SignatureVerdict verdict = SignatureVerdict::valid;
  std::string reason{};  ///< words for the log and the 401 answer; names the header, never the expected signature

  explicit operator bool() const { return verdict == SignatureVerdict::valid; }
};

using UnixTime = std::chrono::sys_seconds;

/// How far a timestamp may lie from our clock, in both directions.
inline constexpr std::chrono::seconds kSignatureTolerance{300};

/// Decimal seconds or milliseconds since 1970 (told apart by size); nothing if the text is not a plain number.
std::optional<UnixTime> parse_unix_time(std::string_view text);

/// `valid` if `timestamp` is within `tolerance` of `now`, before or after it.
SignatureCheck check_timestamp(std::string_view header, UnixTime timestamp, UnixTime now,
                               std::chrono::seconds tolerance);

}  // namespace holdfast::http
