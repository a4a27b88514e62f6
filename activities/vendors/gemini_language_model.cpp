#include <activities/vendors/gemini_language_model.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>

namespace platform::vendors {
namespace {

namespace json = boost::json;

[[noreturn]] void throw_permanent(std::string code, std::string message) {
  throw VendorError({.kind = VendorErrorKind::permanent,
                     .vendor = "gemini",
                     .status = 200,
                     .code = std::move(code),
                     .message = std::move(message)});
}

json::object content_of(std::string_view text) {
  json::array parts;
  parts.push_back(json::object{{"text", text}});
  return {{"parts", std::move(parts)}};
}

json::value request_body(const ModelQuestion& question, std::int64_t most_tokens) {
  auto asked = content_of(question.text);
  asked["role"] = "user";
  json::array contents;
  contents.push_back(std::move(asked));
  return json::object{{"systemInstruction", content_of(question.instructions)},
                      {"contents", std::move(contents)},
                      {"generationConfig", json::object{{"temperature", 0},
                                                        {"maxOutputTokens", most_tokens},
                                                        {"responseMimeType", "application/json"},
                                                        {"responseSchema", gemini_schema(question.schema)}}}};
}

/// A long answer may come in several parts.
std::string text_of(const json::value& candidate) {
  std::string out;
  for (std::size_t i = 0; const auto* part = element(candidate, {"content", "parts"}, i); ++i) {
    out += string_member(*part, {"text"});
  }
  return out;
}

const json::value& candidate_of(const json::value& answer) {
  if (const auto* candidate = element(answer, {"candidates"}, 0)) return *candidate;
  const auto reason = string_member(answer, {"promptFeedback", "blockReason"});
  if (reason.empty()) throw_bad_answer("gemini", "the answer has no candidates");
  throw_permanent("blocked", "the prompt was blocked: " + std::string(reason));
}

}  // namespace

json::value gemini_schema(const json::value& schema) {
  const auto* object = schema.if_object();
  if (object == nullptr) return schema;
  json::object out;
  for (const auto& [name, value] : *object) {
    if (name == "additionalProperties") continue;
    if (name == "type" && value.is_string()) {
      json::string upper = value.get_string();
      for (auto& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      out[name] = std::move(upper);
    } else if (name == "properties" && value.is_object()) {  // here members are names, not keywords
      json::object properties;
      for (const auto& [property, inner] : value.get_object()) properties[property] = gemini_schema(inner);
      out[name] = std::move(properties);
    } else {
      out[name] = gemini_schema(value);
    }
  }
  return out;
}

ModelAnswer GeminiLanguageModel::ask(const ModelQuestion& question) {
  const auto& config = api_.config();
  for (const auto most_tokens : {config.most_tokens, config.most_tokens * 4}) {
    const auto answer = api_.post(config.model, "generateContent", request_body(question, most_tokens));
    const auto& candidate = candidate_of(answer);
    const auto finish = string_member(candidate, {"finishReason"});
    if (finish == "MAX_TOKENS") continue;
    if (finish.empty()) throw_bad_answer("gemini", "the candidate has no finish reason");
    if (finish != "STOP") throw_permanent("refused", "finish reason " + std::string(finish));
    return {.text = text_of(candidate),
            .model = text_prefix(string_member(answer, {"modelVersion"}), 100),
            .prompt_tokens = integer_member(answer, {"usageMetadata", "promptTokenCount"}),
            .completion_tokens = integer_member(answer, {"usageMetadata", "candidatesTokenCount"})};
  }
  throw_permanent("truncated", "the answer does not fit into the larger token limit either");
}

}  // namespace platform::vendors
