#include <ingress/vapi_message.hpp>

#include <boost/json.hpp>

#include <holdfast/http/signature/hash.hpp>

namespace platform::ingress {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestType = 100, kLongestId = 200;  // as in platform.vapi_events
constexpr std::size_t kMostToolCalls = 100;

const json::object* object_in(const json::object& parent, std::string_view name) {
  const auto* value = parent.if_contains(name);
  return value && value->is_object() ? &value->get_object() : nullptr;
}

std::string text_in(const json::object* parent, std::string_view name) {
  const auto* value = parent ? parent->if_contains(name) : nullptr;
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// Characters, not bytes, as the database counts them.
std::size_t length_of(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) length += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return length;
}

std::string checked(std::string text, const char* field, std::size_t longest) {
  if (text.find('\0') != std::string::npos) throw BadMessage(std::string(field) + " contains a NUL character");
  if (length_of(text) > longest)
    throw BadMessage(std::string(field) + " has " + std::to_string(length_of(text)) +
                     " characters; allowed: " + std::to_string(longest) + " at most");
  return text;
}

json::value parsed(std::string_view body, json::storage_ptr memory) {
  if (body.empty()) throw BadMessage("the body is empty; it must be a JSON object");
  json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  json::stream_parser parser(memory, options);
  const auto read = parser.write_some(body.data(), body.size(), error);
  if (!error && read < body.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) throw BadMessage("the body is not JSON: " + error.message() + " near byte " + std::to_string(read));
  return parser.release();
}

VapiMessage::ToolCall tool_call(const json::object& call) {
  auto name = text_in(&call, "name");
  if (name.empty()) name = text_in(object_in(call, "function"), "name");
  return {text_in(&call, "id"), std::move(name)};
}

std::vector<VapiMessage::ToolCall> tool_calls(const json::object& message) {
  std::vector<VapiMessage::ToolCall> out;
  const auto* list = message.if_contains("toolCallList");
  const bool wrapped = !list || !list->is_array();
  if (wrapped) list = message.if_contains("toolWithToolCallList");
  if (!list || !list->is_array()) return out;
  for (const auto& entry : list->get_array()) {
    if (out.size() == kMostToolCalls) break;
    if (!entry.is_object()) continue;
    const auto* call = wrapped ? object_in(entry.get_object(), "toolCall") : &entry.get_object();
    if (call) out.push_back(tool_call(*call));
  }
  return out;
}

/// The vendor's time of the call, if it is one: it only chooses the partition.
std::optional<holdfast::Timestamp> created_at(const json::object* call) {
  const auto text = text_in(call, "createdAt");
  if (text.empty()) return {};
  try {
    return holdfast::parse_rfc3339(text);
  } catch (const std::invalid_argument&) {
    return {};
  }
}

std::string call_id(const VapiMessage& message, const json::object* call, std::string_view body) {
  auto id = checked(text_in(call, "id"), "message.call.id", kLongestId);
  if (!id.empty()) return id;
  if (message.ends_call() || message.starts_call())
    throw BadMessage("message.call.id is missing; a " + message.type + " needs it");
  return "sha256:" + holdfast::http::hex_encode(holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, body));
}

/// Without what VAPI makes anew for every delivery of the same event: links that carry a signature and an end.
json::value without_presigned(const json::value& value) {
  if (value.is_array()) {
    json::array out;
    for (const auto& entry : value.get_array()) out.push_back(without_presigned(entry));
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  for (const auto& [key, entry] : value.get_object())
    if (!std::string_view(key).starts_with("presigned")) out.emplace(key, without_presigned(entry));
  return out;
}

std::string digest_of(const json::object& message) {
  const auto text = json::serialize(without_presigned(message));
  return "sha256:" + holdfast::http::hex_encode(holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, text));
}

bool comes_once(const VapiMessage& message) { return message.ends_call() || message.type == "assistant-request"; }

/// What tells an event from others of its call and type.
std::string discriminator(const VapiMessage& message, const json::object& body) {
  if (message.type == "status-update") return checked(text_in(&body, "status"), "message.status", kLongestId);
  if (!message.tool_calls.empty() && !message.tool_calls.front().id.empty())
    return checked(message.tool_calls.front().id, "message.toolCallList[0].id", kLongestId);
  return comes_once(message) ? std::string() : digest_of(body);
}

json::object assistant_answer(const std::string& assistant_id) {
  if (assistant_id.empty()) return {{"error", "This number is not in service. Goodbye."}};
  return {{"assistantId", assistant_id}};
}

json::object tool_answer(const VapiMessage& message, const std::string& result) {
  json::array results;
  for (const auto& call : message.tool_calls)
    results.push_back(json::object{{"toolCallId", call.id}, {"name", call.name}, {"result", result}});
  return {{"results", std::move(results)}};
}

}  // namespace

VapiMessage parse_vapi_message(std::string_view body) {
  json::monotonic_resource memory(64 * 1024);
  const auto document = parsed(body, &memory);
  const auto* message = document.is_object() ? object_in(document.get_object(), "message") : nullptr;
  if (!message) throw BadMessage("message is missing or not an object; it must be a VAPI server message");
  const auto* call = object_in(*message, "call");
  VapiMessage out;
  out.type = checked(text_in(message, "type"), "message.type", kLongestType);
  if (out.type.empty()) throw BadMessage("message.type is missing, empty or not a text");
  if (out.type == "tool-calls") out.tool_calls = tool_calls(*message);
  out.status = discriminator(out, *message);
  out.call_id = call_id(out, call, body);
  out.call_created_at = created_at(call);
  out.phone_number = text_in(object_in(*message, "phoneNumber"), "number");
  return out;
}

std::string answer_to(const VapiMessage& message, const std::string& assistant_id, const std::string& tool_result,
                      bool is_new) {
  json::object answer;
  if (message.type == "assistant-request")
    answer = assistant_answer(assistant_id);
  else if (message.type == "tool-calls")
    answer = tool_answer(message, tool_result);
  else if (message.type == "transfer-destination-request" || message.type == "handoff-destination-request")
    answer = {{"error", "There is nobody to transfer this call to."}};
  else if (message.type == "knowledge-base-request")
    answer = {{"documents", json::array()}};
  else
    answer = {{"status", is_new ? "stored" : "duplicate"}};
  return json::serialize(answer);
}

}  // namespace platform::ingress
