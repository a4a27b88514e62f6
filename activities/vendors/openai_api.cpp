#include <activities/vendors/openai_api.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/language_model.hpp>
#include <activities/vendors/text.hpp>

#include <boost/json/serialize.hpp>

namespace platform::vendors {
namespace {

[[noreturn]] void throw_failure(const HttpResult& result) {
  auto fault = fault_of("openai", result);
  if (const auto body = parse_json(result.body)) {
    if (const auto code = string_member(*body, {"error", "code"}); !code.empty()) fault.code = code;
    if (const auto message = string_member(*body, {"error", "message"}); !message.empty()) fault.message = message;
  }
  if (fault.code == "insufficient_quota") fault.kind = VendorErrorKind::permanent;  // a bill, not a rate
  throw VendorError(std::move(fault));
}

}  // namespace

boost::json::value OpenAiApi::post(std::string_view path, const boost::json::value& body) const {
  HttpRequest request{.method = "POST",
                      .url = joined_url(config_.base_url, path),
                      .body = boost::json::serialize(body),
                      .deadline = config_.deadline,
                      .max_response_bytes = 64 << 20,  // a hundred embeddings are 4 MB
                      .repeatable = true};             // a lost answer costs tokens, nothing else
  request.headers.add("Authorization", "Bearer " + config_.api_key);
  request.headers.add("Content-Type", "application/json");
  const auto result = client_.send(request);
  if (result.outcome != HttpOutcome::ok) throw_failure(result);
  auto answer = parse_json(result.body);
  if (!answer) throw_bad_answer("openai", "the answer is not JSON");
  return *std::move(answer);
}

}  // namespace platform::vendors
