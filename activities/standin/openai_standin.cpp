#include <activities/standin/openai_standin.hpp>

#include <activities/standin/model_answer.hpp>

#include <ctime>

namespace platform::standin {
namespace {

namespace json = boost::json;

Reply refusal(int status, std::string_view type, std::string_view code, std::string_view message) {
  return json_reply(
      status,
      json::object{{"error", json::object{{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}}}});
}

Reply invalid(std::string_view message) { return refusal(400, "invalid_request_error", "invalid_request", message); }

/// Strict mode: every object lists all its properties as required and allows no others.
bool is_strict_schema(const json::value& schema) {
  const auto* object = schema.if_object();
  if (object == nullptr) return false;
  const auto* type = object->if_contains("type");
  if (type == nullptr || !type->is_string()) return false;
  if (type->get_string() == "array") return object->contains("items") && is_strict_schema(object->at("items"));
  if (type->get_string() != "object") return true;
  const auto* properties = object->if_contains("properties");
  const auto* required = object->if_contains("required");
  const auto* additional = object->if_contains("additionalProperties");
  if (properties == nullptr || !properties->is_object() || required == nullptr || !required->is_array()) return false;
  if (additional == nullptr || *additional != json::value(false)) return false;
  if (required->get_array().size() != properties->get_object().size()) return false;
  for (const auto& property : properties->get_object()) {
    if (!is_strict_schema(property.value())) return false;
  }
  return true;
}

std::optional<Reply> refuse_format(const json::object& body) {
  const auto* format = body.if_contains("response_format");
  if (format == nullptr) return std::nullopt;
  try {
    if (format->at("type") != json::value("json_schema")) return std::nullopt;
    const auto& schema = format->at("json_schema").as_object();
    if (schema.at("name").as_string().empty()) return invalid("response_format.json_schema.name is missing");
    if (schema.contains("strict") && schema.at("strict") == json::value(true) &&
        !is_strict_schema(schema.at("schema"))) {
      return invalid("Invalid schema for response_format: 'additionalProperties' and 'required' must be supplied");
    }
  } catch (const std::exception&) {
    return invalid("response_format is not valid");
  }
  return std::nullopt;
}

/// The content of the last message; nothing if the messages are not valid.
std::optional<std::string> last_content(const json::object& body) {
  const auto* messages = body.if_contains("messages");
  if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) return std::nullopt;
  std::string content;
  for (const auto& message : messages->get_array()) {
    const auto* object = message.if_object();
    const auto* role = object == nullptr ? nullptr : object->if_contains("role");
    const auto* text = object == nullptr ? nullptr : object->if_contains("content");
    if (role == nullptr || text == nullptr || !role->is_string() || !text->is_string()) return std::nullopt;
    content = text->get_string();
  }
  return content;
}

/// The schema that the answer must have; null without one. The format was checked before.
json::value schema_of(const json::object& body) {
  const auto* format = body.if_contains("response_format");
  if (format == nullptr || format->at("type") != json::value("json_schema")) return nullptr;
  return format->at("json_schema").at("schema");
}

json::object completion(const json::value& model, const std::string& prompt, const json::value& schema) {
  const auto content = model_answer(prompt, schema);
  json::array choices;
  choices.push_back(
      json::object{{"index", 0},
                   {"message", json::object{{"role", "assistant"}, {"content", content}, {"refusal", nullptr}}},
                   {"finish_reason", "stop"}});
  const auto prompt_tokens = static_cast<std::int64_t>(prompt.size() / 4 + 1);
  const auto completion_tokens = static_cast<std::int64_t>(content.size() / 4 + 1);
  return {{"id", "chatcmpl-standin"},
          {"object", "chat.completion"},
          {"created", static_cast<std::int64_t>(std::time(nullptr))},
          {"model", model},
          {"choices", std::move(choices)},
          {"usage", json::object{{"prompt_tokens", prompt_tokens},
                                 {"completion_tokens", completion_tokens},
                                 {"total_tokens", prompt_tokens + completion_tokens}}}};
}

/// The texts of `input`: a string or a list of strings. Nothing if it is neither, or holds an empty one.
std::optional<std::vector<std::string>> inputs_of(const json::object& body) {
  const auto* input = body.if_contains("input");
  if (input == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  const auto add = [&](const json::value& text) {
    if (!text.is_string() || text.get_string().empty()) return false;
    texts.emplace_back(std::string_view(text.get_string()));
    return true;
  };
  if (!input->is_array()) return add(*input) ? std::optional(texts) : std::nullopt;
  for (const auto& text : input->get_array())
    if (!add(text)) return std::nullopt;
  if (texts.empty() || texts.size() > 2048) return std::nullopt;
  return texts;
}

/// Last first, because clients must go by the index.
json::object embedding_list(const json::value& model, const std::vector<std::string>& texts) {
  json::array data;
  std::int64_t tokens = 0;
  for (auto i = texts.size(); i-- > 0;) {
    data.push_back(json::object{{"object", "embedding"}, {"index", i}, {"embedding", embedding_answer(texts[i])}});
    tokens += static_cast<std::int64_t>(texts[i].size() / 4 + 1);
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", model},
          {"usage", json::object{{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
}

Reply embeddings(const json::object& body, const json::value& model) {
  const auto texts = inputs_of(body);
  if (!texts) return invalid("'$.input' is invalid. Please check the API reference");
  for (const auto& text : *texts)
    if (text.size() > kMostEmbeddableBytes)
      return invalid("This model's maximum context length is 2000 tokens; please reduce your prompt");
  const auto* dimensions = body.if_contains("dimensions");
  if (dimensions == nullptr || *dimensions != json::value(1536)) return invalid("the stand-in knows dimensions 1536");
  return json_reply(200, embedding_list(model, *texts));
}

}  // namespace

std::optional<Reply> OpenAiStandin::handle(const Request& request) {
  const bool embeds = request.path == "/v1/embeddings";
  if (!embeds && request.path != "/v1/chat/completions") return std::nullopt;
  if (request.method != "POST") return refusal(405, "invalid_request_error", "method_not_allowed", "Use POST");
  if (bearer(request) != keys_.openai) {
    return refusal(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided");
  }
  if (media_type(request) != "application/json") {
    return refusal(415, "invalid_request_error", "unsupported_media_type", "Use application/json");
  }
  const auto body = json_object(request);
  if (!body) return invalid("We could not parse the JSON body of your request.");
  const auto* model = body->if_contains("model");
  if (model == nullptr || !model->is_string()) return invalid("you must provide a model parameter");
  if (embeds) {
    auto reply = embeddings(*body, *model);
    if (reply.status == 200) effects_.happened("openai");
    return reply;
  }
  const auto prompt = last_content(*body);
  if (!prompt) return invalid("'messages' must be a list of {role, content}");
  if (auto refused = refuse_format(*body)) return refused;
  effects_.happened("openai");
  return json_reply(200, completion(*model, *prompt, schema_of(*body)));
}

}  // namespace platform::standin
