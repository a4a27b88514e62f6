#include <activities/vendors/gemini_api.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/language_model.hpp>
#include <activities/vendors/text.hpp>

#include <boost/json/serialize.hpp>

#include <charconv>

namespace platform::vendors {
namespace {

/// `{"@type": "…RetryInfo", "retryDelay": "34s"}` or "0.5s", rounded up.
std::optional<std::chrono::seconds> retry_delay(const boost::json::value& body) {
  for (std::size_t i = 0;; ++i) {
    const auto* detail = element(body, {"error", "details"}, i);
    if (detail == nullptr) return std::nullopt;
    const auto text = string_member(*detail, {"retryDelay"});
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc{} && seconds >= 0 && seconds < 1e6) {
      const auto whole = static_cast<std::int64_t>(seconds);
      return std::chrono::seconds{whole + (static_cast<double>(whole) < seconds ? 1 : 0)};
    }
  }
}

[[noreturn]] void throw_failure(const HttpResult& result) {
  auto fault = fault_of("gemini", result);
  if (const auto body = parse_json(result.body)) {
    if (const auto status = string_member(*body, {"error", "status"}); !status.empty()) fault.code = status;
    if (const auto message = string_member(*body, {"error", "message"}); !message.empty()) fault.message = message;
    if (const auto delay = retry_delay(*body)) fault.retry_after = std::max(*delay, fault.retry_after.value_or(*delay));
  }
  throw VendorError(std::move(fault));
}

}  // namespace

boost::json::value GeminiApi::post(std::string_view model, std::string_view method,
                                   const boost::json::value& body) const {
  const auto path = "/models/" + form_encoded(model) + ":" + std::string(method);
  HttpRequest request{.method = "POST",
                      .url = joined_url(config_.base_url, path),
                      .body = boost::json::serialize(body),
                      .deadline = config_.deadline,
                      .max_response_bytes = 64 << 20,  // a hundred embeddings are 4 MB
                      .repeatable = true};             // a lost answer costs tokens, nothing else
  request.headers.add("x-goog-api-key", config_.api_key);
  request.headers.add("Content-Type", "application/json");
  const auto result = client_.send(request);
  if (result.outcome != HttpOutcome::ok) throw_failure(result);
  auto answer = parse_json(result.body);
  if (!answer) throw_bad_answer("gemini", "the answer is not JSON");
  return *std::move(answer);
}

}  // namespace platform::vendors
