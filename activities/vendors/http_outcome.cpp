#include <activities/vendors/http_outcome.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

namespace platform::vendors {
namespace {

constexpr std::chrono::seconds kLongestWait = std::chrono::hours{24 * 365};

std::optional<std::time_t> http_date(std::string_view text) {
  const auto time = curl_getdate(std::string(text).c_str(), nullptr);
  if (time < 0) return std::nullopt;
  return time;
}

}  // namespace

HttpOutcome outcome_of_status(int status) {
  if (status >= 200 && status < 300) return HttpOutcome::ok;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return HttpOutcome::retry;
  return HttpOutcome::permanent;
}

std::optional<std::chrono::seconds> retry_after(const HeaderList& headers, std::time_t now) {
  const auto header = headers.find("Retry-After");
  if (!header) return std::nullopt;
  const auto value = holdfast::http::trimmed(*header);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    long long seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc::result_out_of_range) return kLongestWait;
    return std::min(std::chrono::seconds{seconds}, kLongestWait);
  }
  // A number that is not a whole count of seconds would be read as a date by curl.
  if (value.find(':') == std::string_view::npos) return std::nullopt;
  const auto when = http_date(value);
  if (!when) return std::nullopt;
  const auto date = headers.find("Date");
  const auto reference = (date ? http_date(*date) : std::nullopt).value_or(now);
  return std::clamp(std::chrono::seconds{*when - reference}, std::chrono::seconds{0}, kLongestWait);
}

}  // namespace platform::vendors
