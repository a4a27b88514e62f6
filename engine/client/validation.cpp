#include <holdfast/client/validation.hpp>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/json_text.hpp>
#include <holdfast/store/errors.hpp>

namespace holdfast::client {
namespace {

using store::InvalidArgument;

constexpr std::size_t kMaxWorkflowId = 1000;
constexpr std::size_t kMaxReason = 4000;
constexpr std::size_t kShown = 60;

std::string size_text(std::size_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

void check_duration(std::string_view field, const std::optional<Duration>& value) {
  if (value && *value < Duration::zero())
    throw InvalidArgument(std::string(field) + " is " + std::to_string(value->count()) +
                          " microseconds; it must not be negative");
}

}  // namespace

std::string quoted(std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool valid = is_valid_utf8(value);
  std::string out = "\"";
  std::size_t end = std::min(value.size(), kShown);
  // Never cut inside a character.
  while (valid && end < value.size() && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  for (const char c : value.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !valid)) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += end < value.size() ? "\"..." : "\"";
  return out;
}

void check_text(std::string_view field, std::string_view value, std::size_t max_bytes) {
  const std::string name(field);
  if (value.size() > max_bytes)
    throw InvalidArgument(name + " " + quoted(value) + " has " + size_text(value.size()) + "; at most " +
                          std::to_string(max_bytes) + " are allowed");
  if (value.find('\0') != std::string_view::npos)
    throw InvalidArgument(name + " " + quoted(value) + " contains a NUL byte, which PostgreSQL cannot store");
  if (!is_valid_utf8(value)) throw InvalidArgument(name + " " + quoted(value) + " is not valid UTF-8");
}

void check_name(std::string_view field, std::string_view value, std::size_t max_bytes) {
  if (value.empty())
    throw InvalidArgument(std::string(field) + " is empty; 1 to " + std::to_string(max_bytes) + " bytes are allowed");
  check_text(field, value, max_bytes);
}

void check_payload(std::string_view field, std::string_view json, std::size_t max_bytes) {
  const std::string name(field);
  if (json.empty()) throw InvalidArgument(name + " is empty; it must be JSON text, such as {}");
  if (json.size() > max_bytes)
    throw InvalidArgument(name + " has " + size_text(json.size()) + "; at most " + std::to_string(max_bytes) +
                          " are allowed (keep large things in a table or an object store)");
  try {
    check_json(json, max_bytes);
  } catch (const CodecError& e) {
    throw InvalidArgument(name + " " + quoted(json) + " is not valid JSON: " + e.what());
  }
}

void check_object(std::string_view field, std::string_view json, std::size_t max_bytes) {
  if (json.empty()) return;
  check_payload(field, json, max_bytes);
  if (json.find_first_not_of(" \t\r\n") != json.find('{'))
    throw InvalidArgument(std::string(field) + " " + quoted(json) + " is not a JSON object");
}

void check_run_key(const store::RunKey& run) {
  check_name("namespace", run.namespace_);
  if (run.run_id.is_nil() || !run.workflow_id.empty()) check_name("workflow_id", run.workflow_id, kMaxWorkflowId);
}

void check_new_run(const store::NewRun& run, std::size_t max_payload_bytes) {
  check_name("workflow_type", run.workflow_type);
  check_name("workflow_id", run.workflow_id, kMaxWorkflowId);
  check_name("namespace", run.namespace_);
  check_name("task_queue", run.task_queue);
  if (run.priority < 1 || run.priority > 5)
    throw InvalidArgument("priority is " + std::to_string(run.priority) + "; 1 (first) to 5 are allowed");
  check_duration("start_delay", run.start_delay);
  check_duration("execution_timeout", run.execution_timeout);
  check_payload("input", run.input, max_payload_bytes);
  check_object("memo", run.memo, max_payload_bytes);
  check_object("search_attributes", run.search_attributes, max_payload_bytes);
}

void check_message(const store::NewMessage& message, std::size_t max_payload_bytes) {
  check_run_key(message.to);
  if (message.kind == store::MessageKind::signal) check_name("signal", message.name);
  else check_text("reason", message.name, kMaxReason);
  check_payload("input", message.payload, max_payload_bytes);
}

}  // namespace holdfast::client
