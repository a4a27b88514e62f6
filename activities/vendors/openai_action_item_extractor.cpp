#include <activities/vendors/openai_action_item_extractor.hpp>

#include <activities/vendors/action_item_prompt.hpp>
#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <boost/json/serialize.hpp>

namespace platform::vendors {
namespace {

namespace json = boost::json;

[[noreturn]] void throw_failure(const HttpResult& result) {
  auto fault = fault_of("openai", result);
  if (const auto body = parse_json(result.body)) {
    if (const auto code = string_member(*body, {"error", "code"}); !code.empty()) fault.code = code;
    if (const auto message = string_member(*body, {"error", "message"}); !message.empty()) fault.message = message;
  }
  if (fault.code == "insufficient_quota") fault.kind = VendorErrorKind::permanent;  // a bill, not a rate
  throw VendorError(std::move(fault));
}

[[noreturn]] void throw_answer(VendorErrorKind kind, std::string code, std::string message) {
  throw VendorError(
      {.kind = kind, .vendor = "openai", .status = 200, .code = std::move(code), .message = std::move(message)});
}

json::value message(std::string_view role, std::string_view content) {
  return json::object{{"role", role}, {"content", content}};
}

}  // namespace

HttpResult OpenAiActionItemExtractor::ask(const CallText& call, std::int64_t most_tokens) {
  json::object format{{"name", "action_items"}, {"strict", true}, {"schema", action_item_schema()}};
  json::array messages;
  messages.push_back(message("system", action_item_instructions()));
  messages.push_back(message("user", action_item_question(call)));
  const json::object body{
      {"model", config_.model},
      {"messages", std::move(messages)},
      {"response_format", json::object{{"type", "json_schema"}, {"json_schema", std::move(format)}}},
      {"temperature", 0},
      {"max_completion_tokens", most_tokens}};
  HttpRequest post{.method = "POST",
                   .url = joined_url(config_.base_url, "/chat/completions"),
                   .body = json::serialize(body),
                   .deadline = config_.deadline,
                   .repeatable = true};  // a lost answer costs tokens, nothing else
  post.headers.add("Authorization", "Bearer " + config_.api_key);
  post.headers.add("Content-Type", "application/json");
  return client_.send(post);
}

ExtractedActions OpenAiActionItemExtractor::extract(const CallText& call) {
  for (const auto most_tokens : {config_.most_tokens, config_.most_tokens * 4}) {
    const auto result = ask(call, most_tokens);
    if (result.outcome != HttpOutcome::ok) throw_failure(result);
    const auto answer = parse_json(result.body);
    const auto* choice = answer ? element(*answer, {"choices"}, 0) : nullptr;
    if (choice == nullptr) throw_answer(VendorErrorKind::retry, "bad_answer", "the answer has no choices");
    const auto finish = string_member(*choice, {"finish_reason"});
    if (finish == "length") continue;
    if (const auto refusal = string_member(*choice, {"message", "refusal"}); !refusal.empty()) {
      throw_answer(VendorErrorKind::permanent, "refused", std::string(refusal));
    }
    if (finish == "content_filter")
      throw_answer(VendorErrorKind::permanent, "refused", "stopped by the content filter");
    auto items = parse_action_items(string_member(*choice, {"message", "content"}));
    if (!items) throw_answer(VendorErrorKind::retry, "bad_answer", "the content is not JSON of the schema");
    return {.items = *std::move(items),
            .model = text_prefix(string_member(*answer, {"model"}), 100),
            .prompt_tokens = integer_member(*answer, {"usage", "prompt_tokens"}),
            .completion_tokens = integer_member(*answer, {"usage", "completion_tokens"})};
  }
  throw_answer(VendorErrorKind::permanent, "truncated", "the answer does not fit into the larger token limit either");
}

}  // namespace platform::vendors
