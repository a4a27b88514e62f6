#include <activities/vendors/openai_language_model.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>

namespace platform::vendors {
namespace {

namespace json = boost::json;

[[noreturn]] void throw_permanent(std::string code, std::string message) {
  throw VendorError({.kind = VendorErrorKind::permanent,
                     .vendor = "openai",
                     .status = 200,
                     .code = std::move(code),
                     .message = std::move(message)});
}

json::value message(std::string_view role, std::string_view content) {
  return json::object{{"role", role}, {"content", content}};
}

json::value request_body(const OpenAiConfig& config, const ModelQuestion& question, std::int64_t most_tokens) {
  json::object format{{"name", question.name}, {"strict", true}, {"schema", question.schema}};
  json::array messages;
  messages.push_back(message("system", question.instructions));
  messages.push_back(message("user", question.text));
  return json::object{{"model", config.model},
                      {"messages", std::move(messages)},
                      {"response_format", json::object{{"type", "json_schema"}, {"json_schema", std::move(format)}}},
                      {"temperature", 0},
                      {"max_completion_tokens", most_tokens}};
}

}  // namespace

ModelAnswer OpenAiLanguageModel::ask(const ModelQuestion& question) {
  const auto& config = api_.config();
  for (const auto most_tokens : {config.most_tokens, config.most_tokens * 4}) {
    const auto answer = api_.post("/chat/completions", request_body(config, question, most_tokens));
    const auto* choice = element(answer, {"choices"}, 0);
    if (choice == nullptr) throw_bad_answer("openai", "the answer has no choices");
    const auto finish = string_member(*choice, {"finish_reason"});
    if (finish == "length") continue;
    if (const auto refusal = string_member(*choice, {"message", "refusal"}); !refusal.empty())
      throw_permanent("refused", std::string(refusal));
    if (finish == "content_filter") throw_permanent("refused", "stopped by the content filter");
    return {.text = std::string(string_member(*choice, {"message", "content"})),
            .model = text_prefix(string_member(answer, {"model"}), 100),
            .prompt_tokens = integer_member(answer, {"usage", "prompt_tokens"}),
            .completion_tokens = integer_member(answer, {"usage", "completion_tokens"})};
  }
  throw_permanent("truncated", "the answer does not fit into the larger token limit either");
}

}  // namespace platform::vendors
