#include <holdfast/http/signature/signature_check.hpp>

#include <charconv>

namespace holdfast::http {

std::string_view name_of(SignatureVerdict verdict) {
  switch (verdict) {
    case SignatureVerdict::valid: return "valid";
    case SignatureVerdict::missing_header: return "missing_header";
    case SignatureVerdict::malformed_header: return "malformed_header";
    case SignatureVerdict::stale_timestamp: return "stale_timestamp";
    case SignatureVerdict::bad_signature: return "bad_signature";
  }
  return "unknown";
}

std::optional<UnixTime> parse_unix_time(std::string_view text) {
  // 16 digits cover milliseconds for 300,000 years and cannot overflow.
  if (text.empty() || text.size() > 16 || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kYear5138InSeconds = 100'000'000'000;  // as milliseconds: 1973
  if (value >= kYear5138InSeconds) value /= 1000;
  return UnixTime{std::chrono::seconds{value}};
}

SignatureCheck check_timestamp(std::string_view header, UnixTime timestamp, UnixTime now,
                               std::chrono::seconds tolerance) {
  const auto age = now - timestamp;
  if (age <= tolerance && age >= -tolerance) return {};
  return {SignatureVerdict::stale_timestamp, std::string(header) + " is " +
                                                 std::to_string(age.count() < 0 ? -age.count() : age.count()) +
                                                 (age.count() < 0 ? " s in the future" : " s old") + "; at most " +
                                                 std::to_string(tolerance.count()) + " s is allowed"};
}

}  // namespace holdfast::http
