#include <activities/vendors/gemini_action_item_extractor.hpp>

#include <activities/vendors/action_item_prompt.hpp>
#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <boost/json/serialize.hpp>

#include <charconv>

namespace platform::vendors {
namespace {

namespace json = boost::json;

/// `{"@type": "…RetryInfo", "retryDelay": "34s"}` or "0.5s", rounded up.
std::optional<std::chrono::seconds> retry_delay(const json::value& body) {
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

[[noreturn]] void throw_answer(VendorErrorKind kind, std::string code, std::string message) {
  throw VendorError(
      {.kind = kind, .vendor = "gemini", .status = 200, .code = std::move(code), .message = std::move(message)});
}

json::object content_of(std::string_view text) {
  json::array parts;
  parts.push_back(json::object{{"text", text}});
  return {{"parts", std::move(parts)}};
}

/// A long answer may come in several parts.
std::string text_of(const json::value& candidate) {
  std::string out;
  for (std::size_t i = 0; const auto* part = element(candidate, {"content", "parts"}, i); ++i) {
    out += string_member(*part, {"text"});
  }
  return out;
}

}  // namespace

HttpResult GeminiActionItemExtractor::ask(const CallText& call, std::int64_t most_tokens) {
  auto question = content_of(action_item_question(call));
  question["role"] = "user";
  json::array contents;
  contents.push_back(std::move(question));
  const json::object body{{"systemInstruction", content_of(action_item_instructions())},
                          {"contents", std::move(contents)},
                          {"generationConfig", json::object{{"temperature", 0},
                                                            {"maxOutputTokens", most_tokens},
                                                            {"responseMimeType", "application/json"},
                                                            {"responseSchema", action_item_schema_for_gemini()}}}};
  HttpRequest post{.method = "POST",
                   .url = joined_url(config_.base_url, "/models/" + form_encoded(config_.model) + ":generateContent"),
                   .body = json::serialize(body),
                   .deadline = config_.deadline,
                   .repeatable = true};  // a lost answer costs tokens, nothing else
  post.headers.add("x-goog-api-key", config_.api_key);
  post.headers.add("Content-Type", "application/json");
  return client_.send(post);
}

ExtractedActions GeminiActionItemExtractor::extract(const CallText& call) {
  for (const auto most_tokens : {config_.most_tokens, config_.most_tokens * 4}) {
    const auto result = ask(call, most_tokens);
    if (result.outcome != HttpOutcome::ok) throw_failure(result);
    const auto answer = parse_json(result.body);
    if (!answer) throw_answer(VendorErrorKind::retry, "bad_answer", "the answer is not JSON");
    const auto* candidate = element(*answer, {"candidates"}, 0);
    if (candidate == nullptr) {
      const auto reason = string_member(*answer, {"promptFeedback", "blockReason"});
      if (reason.empty()) throw_answer(VendorErrorKind::retry, "bad_answer", "the answer has no candidates");
      throw_answer(VendorErrorKind::permanent, "blocked", "the prompt was blocked: " + std::string(reason));
    }
    const auto finish = string_member(*candidate, {"finishReason"});
    if (finish == "MAX_TOKENS") continue;
    if (finish.empty()) throw_answer(VendorErrorKind::retry, "bad_answer", "the candidate has no finish reason");
    if (finish != "STOP") throw_answer(VendorErrorKind::permanent, "refused", "finish reason " + std::string(finish));
    auto items = parse_action_items(text_of(*candidate));
    if (!items) throw_answer(VendorErrorKind::retry, "bad_answer", "the text is not JSON of the schema");
    return {.items = *std::move(items),
            .model = text_prefix(string_member(*answer, {"modelVersion"}), 100),
            .prompt_tokens = integer_member(*answer, {"usageMetadata", "promptTokenCount"}),
            .completion_tokens = integer_member(*answer, {"usageMetadata", "candidatesTokenCount"})};
  }
  throw_answer(VendorErrorKind::permanent, "truncated", "the answer does not fit into the larger token limit either");
}

}  // namespace platform::vendors
