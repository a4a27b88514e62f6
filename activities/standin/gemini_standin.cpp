#include <activities/standin/gemini_standin.hpp>

#include <activities/standin/model_answer.hpp>

namespace platform::standin {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "/v1beta/models/";
constexpr std::string_view kMethod = ":generateContent";
constexpr std::string_view kEmbedMethod = ":batchEmbedContents";

Reply refusal(int status, std::string_view name, std::string_view message) {
  return json_reply(status,
                    json::object{{"error", json::object{{"code", status}, {"message", message}, {"status", name}}}});
}

Reply invalid(std::string_view message) { return refusal(400, "INVALID_ARGUMENT", message); }

/// The text of the last content; nothing if the contents are not valid.
std::optional<std::string> last_text(const json::object& body) {
  try {
    const auto& contents = body.at("contents").as_array();
    if (contents.empty()) return std::nullopt;
    std::string text;
    for (const auto& part : contents.back().at("parts").as_array()) text += part.at("text").as_string();
    const auto& role = contents.back().at("role").as_string();
    if (role != "user" && role != "model") return std::nullopt;
    return text;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<Reply> refuse_config(const json::object& body) {
  static constexpr std::string_view kKnown[] = {"contents", "systemInstruction", "generationConfig", "safetySettings",
                                                "tools",    "toolConfig",        "cachedContent"};
  for (const auto& entry : body) {
    const bool known = std::find(std::begin(kKnown), std::end(kKnown), entry.key()) != std::end(kKnown);
    if (!known) return invalid("Invalid JSON payload received. Unknown name \"" + std::string(entry.key()) + "\"");
  }
  const auto* config = body.if_contains("generationConfig");
  if (config == nullptr || !config->is_object()) return std::nullopt;
  const auto* type = config->get_object().if_contains("responseMimeType");
  const bool is_json = type != nullptr && *type == json::value("application/json");
  if (config->get_object().contains("responseSchema") && !is_json) {
    return invalid("responseSchema needs responseMimeType application/json");
  }
  return std::nullopt;
}

json::value schema_of(const json::object& body) {
  const auto* config = body.if_contains("generationConfig");
  const auto* object = config == nullptr ? nullptr : config->if_object();
  const auto* schema = object == nullptr ? nullptr : object->if_contains("responseSchema");
  return schema == nullptr ? json::value() : *schema;
}

/// The text of one request of a batch; throws std::exception if it is not valid.
std::string embedded_text(const json::value& request, std::string_view model) {
  if (request.at("model").as_string() != "models/" + std::string(model)) throw std::invalid_argument("model");
  if (request.at("outputDimensionality") != json::value(1536)) throw std::invalid_argument("outputDimensionality");
  std::string text;
  for (const auto& part : request.at("content").at("parts").as_array()) text += part.at("text").as_string();
  if (text.empty()) throw std::invalid_argument("content");
  return text;
}

Reply embeddings(const json::object& body, std::string_view model) {
  json::array out;
  try {
    const auto& requests = body.at("requests").as_array();
    if (requests.empty() || requests.size() > 100) return invalid("at most 100 requests can be in one batch");
    for (const auto& request : requests) {
      const auto text = embedded_text(request, model);
      if (text.size() > kMostEmbeddableBytes)
        return invalid("The input token count exceeds the maximum number of tokens allowed");
      out.push_back(json::object{{"values", embedding_answer(text)}});
    }
  } catch (const std::exception& e) {
    return invalid(std::string("requests: not valid: ") + e.what());
  }
  return json_reply(200, json::object{{"embeddings", std::move(out)}});
}

}  // namespace

std::optional<Reply> GeminiStandin::handle(const Request& request) {
  if (!request.path.starts_with(kPrefix)) return std::nullopt;
  const auto key = request.headers.find("x-goog-api-key").value_or("");
  if (key.empty()) return refusal(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers");
  if (key != keys_.gemini) return invalid("API key not valid. Please pass a valid API key.");
  const bool embeds = request.path.ends_with(kEmbedMethod);
  if (request.method != "POST" || !(embeds || request.path.ends_with(kMethod))) {
    return refusal(404, "NOT_FOUND", "The requested method was not found");
  }
  const auto body = json_object(request);
  if (!body || media_type(request) != "application/json") return invalid("Invalid JSON payload received.");
  auto model = request.path.substr(kPrefix.size());
  model.resize(model.size() - (embeds ? kEmbedMethod : kMethod).size());
  if (embeds) {
    auto reply = embeddings(*body, model);
    if (reply.status == 200) effects_.happened("gemini");
    return reply;
  }
  if (auto refused = refuse_config(*body)) return refused;
  const auto prompt = last_text(*body);
  if (!prompt) return invalid("contents is not specified");
  const auto text = model_answer(*prompt, schema_of(*body));
  effects_.happened("gemini");

  json::array parts;
  parts.push_back(json::object{{"text", text}});
  json::array candidates;
  candidates.push_back(json::object{{"content", json::object{{"role", "model"}, {"parts", std::move(parts)}}},
                                    {"finishReason", "STOP"},
                                    {"index", 0}});
  const auto prompt_tokens = static_cast<std::int64_t>(prompt->size() / 4 + 1);
  const auto answer_tokens = static_cast<std::int64_t>(text.size() / 4 + 1);
  return json_reply(200,
                    json::object{{"candidates", std::move(candidates)},
                                 {"usageMetadata", json::object{{"promptTokenCount", prompt_tokens},
                                                                {"candidatesTokenCount", answer_tokens},
                                                                {"totalTokenCount", prompt_tokens + answer_tokens}}},
                                 {"modelVersion", model},
                                 {"responseId", "standin"}});
}

}  // namespace platform::standin
