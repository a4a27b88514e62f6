#include <holdfast/core/event.hpp>

#include <array>
#include <stdexcept>
#include <utility>

#include <holdfast/core/failure_json.hpp>
#include <holdfast/core/history_error.hpp>
#include <holdfast/core/json_text.hpp>

namespace holdfast {
namespace {

// In the order of the variant's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<Event>> kNames{"WorkflowStarted",
                                                                          "ActivityScheduled",
                                                                          "ActivityCompleted",
                                                                          "ActivityFailed",
                                                                          "ActivityCancelRequested",
                                                                          "TimerStarted",
                                                                          "TimerFired",
                                                                          "TimerCanceled",
                                                                          "WorkflowSignaled",
                                                                          "WorkflowCancelRequested",
                                                                          "WorkflowCompleted",
                                                                          "WorkflowFailed",
                                                                          "WorkflowCanceled",
                                                                          "WorkflowTimedOut",
                                                                          "WorkflowTerminated",
                                                                          "ChildWorkflowInitiated",
                                                                          "ChildWorkflowStarted",
                                                                          "ChildWorkflowStartFailed",
                                                                          "ChildWorkflowCompleted",
                                                                          "ChildWorkflowFailed",
                                                                          "ChildWorkflowCancelRequested",
                                                                          "WorkflowContinuedAsNew",
                                                                          "WorkflowPropertiesModified",
                                                                          "WorkflowUpdateAccepted",
                                                                          "WorkflowUpdateCompleted"};

template <class E>
concept HasSeq = requires(E e) { e.seq; };

// --- writing ---------------------------------------------------------------------------------------------------------

void append_text(std::string& out, std::string_view member, std::string_view text) {
  out += member;
  append_json_string_repaired(out, text);
}

/// Payloads are JSON already. None is not the same as null, so none is left out.
void append_payload(std::string& out, std::string_view member, const Payload& payload) {
  if (payload.empty()) return;
  out += member;
  out += payload;
}

template <class E>
void append_members(std::string&, const E&) {}

void append_members(std::string& out, const event::ActivityScheduled& e) {
  append_text(out, ",\"activity\":", e.activity);
  if (!e.task_queue.empty()) append_text(out, ",\"task_queue\":", e.task_queue);
  append_payload(out, ",\"input\":", e.input);
}
void append_members(std::string& out, const event::ActivityCompleted& e) {
  append_payload(out, ",\"result\":", e.result);
}
void append_members(std::string& out, const event::ActivityFailed& e) {
  out += ",\"attempt\":";
  append_json_integer(out, e.attempt);
  append_text(out, ",\"retry_state\":", to_string(e.retry_state));
  out += ",\"failure\":";
  append_failure(out, e.failure);
}
void append_members(std::string& out, const event::TimerStarted& e) {
  append_text(out, ",\"fire_at\":", to_rfc3339(e.fire_at));
}
void append_members(std::string& out, const event::WorkflowSignaled& e) {
  append_text(out, ",\"signal\":", e.signal);
  if (!e.message_id.empty()) append_text(out, ",\"message_id\":", e.message_id);
  append_payload(out, ",\"input\":", e.input);
}
void append_members(std::string& out, const event::WorkflowCancelRequested& e) {
  append_text(out, ",\"reason\":", e.reason);
}
void append_members(std::string& out, const event::WorkflowCompleted& e) {
  append_payload(out, ",\"result\":", e.result);
}
void append_members(std::string& out, const event::WorkflowFailed& e) {
  out += ",\"failure\":";
  append_failure(out, e.failure);
}
void append_members(std::string& out, const event::WorkflowTerminated& e) {
  append_text(out, ",\"reason\":", e.reason);
}
void append_members(std::string& out, const event::ChildWorkflowInitiated& e) {
  append_text(out, ",\"workflow_type\":", e.workflow_type);
  append_text(out, ",\"workflow_id\":", e.workflow_id);
  append_text(out, ",\"run_id\":", e.run_id.to_string());
  append_text(out, ",\"task_queue\":", e.task_queue);
  append_text(out, ",\"parent_close_policy\":", to_string(e.parent_close_policy));
  append_payload(out, ",\"input\":", e.input);
}
void append_members(std::string& out, const event::ChildWorkflowStartFailed& e) {
  out += ",\"failure\":";
  append_failure(out, e.failure);
}
void append_members(std::string& out, const event::ChildWorkflowCompleted& e) {
  append_payload(out, ",\"result\":", e.result);
}
void append_members(std::string& out, const event::ChildWorkflowFailed& e) {
  out += ",\"failure\":";
  append_failure(out, e.failure);
}
void append_members(std::string& out, const event::WorkflowContinuedAsNew& e) {
  append_text(out, ",\"run_id\":", e.run_id.to_string());
  append_text(out, ",\"workflow_type\":", e.workflow_type);
  append_text(out, ",\"task_queue\":", e.task_queue);
  append_payload(out, ",\"input\":", e.input);
}
void append_members(std::string& out, const event::WorkflowPropertiesModified& e) {
  append_payload(out, ",\"memo\":", e.memo);
  append_payload(out, ",\"search_attributes\":", e.search_attributes);
}
void append_members(std::string& out, const event::WorkflowUpdateAccepted& e) {
  append_text(out, ",\"update_id\":", e.update_id);
  append_text(out, ",\"name\":", e.name);
  append_payload(out, ",\"input\":", e.input);
}
void append_members(std::string& out, const event::WorkflowUpdateCompleted& e) {
  append_text(out, ",\"update_id\":", e.update_id);
  append_payload(out, ",\"result\":", e.result);
  if (!e.failure) return;
  out += ",\"failure\":";
  append_failure(out, *e.failure);
}

// --- reading ---------------------------------------------------------------------------------------------------------

CommandSeq read_seq(JsonReader& in) {
  const std::int64_t seq = in.integer();
  if (!std::in_range<CommandSeq>(seq)) in.fail("a command number of 32 bits");
  return static_cast<CommandSeq>(seq);
}

Timestamp read_time(JsonReader& in) {
  const std::string text = in.string();
  try {
    return parse_rfc3339(text);
  } catch (const std::invalid_argument& error) {
    throw HistoryError(error.what());
  }
}

RetryState read_retry_state(JsonReader& in) {
  const std::string text = in.string();
  try {
    return parse_retry_state(text);
  } catch (const std::invalid_argument& error) {
    throw HistoryError(error.what());
  }
}

Uuid read_uuid(JsonReader& in) {
  const std::string text = in.string();
  try {
    return Uuid::parse(text);
  } catch (const std::invalid_argument& error) {
    throw HistoryError(error.what());
  }
}

ParentClosePolicy read_policy(JsonReader& in) {
  const std::string text = in.string();
  try {
    return parse_parent_close_policy(text);
  } catch (const std::invalid_argument& error) {
    throw HistoryError(error.what());
  }
}

// Each reads the member `key`, or returns false if the event has none of this name.
template <class E>
bool read_member(E&, std::string_view, JsonReader&) {
  return false;
}

bool read_member(event::ActivityScheduled& e, std::string_view key, JsonReader& in) {
  if (key == "activity") return e.activity = in.string(), true;
  if (key == "task_queue") return e.task_queue = in.string(), true;
  if (key == "input") return e.input = in.raw(), true;
  return false;
}
bool read_member(event::ActivityCompleted& e, std::string_view key, JsonReader& in) {
  return key == "result" && (e.result = in.raw(), true);
}
bool read_member(event::ActivityFailed& e, std::string_view key, JsonReader& in) {
  if (key == "attempt") return e.attempt = static_cast<int>(in.integer()), true;
  if (key == "retry_state") return e.retry_state = read_retry_state(in), true;
  if (key == "failure") return e.failure = read_failure(in), true;
  return false;
}
bool read_member(event::TimerStarted& e, std::string_view key, JsonReader& in) {
  return key == "fire_at" && (e.fire_at = read_time(in), true);
}
bool read_member(event::WorkflowSignaled& e, std::string_view key, JsonReader& in) {
  if (key == "signal") return e.signal = in.string(), true;
  if (key == "message_id") return e.message_id = in.string(), true;
  if (key == "input") return e.input = in.raw(), true;
  return false;
}
bool read_member(event::WorkflowCancelRequested& e, std::string_view key, JsonReader& in) {
  return key == "reason" && (e.reason = in.string(), true);
}
bool read_member(event::WorkflowCompleted& e, std::string_view key, JsonReader& in) {
  return key == "result" && (e.result = in.raw(), true);
}
bool read_member(event::WorkflowFailed& e, std::string_view key, JsonReader& in) {
  return key == "failure" && (e.failure = read_failure(in), true);
}
bool read_member(event::WorkflowTerminated& e, std::string_view key, JsonReader& in) {
  return key == "reason" && (e.reason = in.string(), true);
}
bool read_member(event::ChildWorkflowInitiated& e, std::string_view key, JsonReader& in) {
  if (key == "workflow_type") return e.workflow_type = in.string(), true;
  if (key == "workflow_id") return e.workflow_id = in.string(), true;
  if (key == "run_id") return e.run_id = read_uuid(in), true;
  if (key == "task_queue") return e.task_queue = in.string(), true;
  if (key == "parent_close_policy") return e.parent_close_policy = read_policy(in), true;
  if (key == "input") return e.input = in.raw(), true;
  return false;
}
bool read_member(event::ChildWorkflowStartFailed& e, std::string_view key, JsonReader& in) {
  return key == "failure" && (e.failure = read_failure(in), true);
}
bool read_member(event::ChildWorkflowCompleted& e, std::string_view key, JsonReader& in) {
  return key == "result" && (e.result = in.raw(), true);
}
bool read_member(event::ChildWorkflowFailed& e, std::string_view key, JsonReader& in) {
  return key == "failure" && (e.failure = read_failure(in), true);
}
bool read_member(event::WorkflowContinuedAsNew& e, std::string_view key, JsonReader& in) {
  if (key == "run_id") return e.run_id = read_uuid(in), true;
  if (key == "workflow_type") return e.workflow_type = in.string(), true;
  if (key == "task_queue") return e.task_queue = in.string(), true;
  if (key == "input") return e.input = in.raw(), true;
  return false;
}
bool read_member(event::WorkflowPropertiesModified& e, std::string_view key, JsonReader& in) {
  if (key == "memo") return e.memo = in.raw(), true;
  if (key == "search_attributes") return e.search_attributes = in.raw(), true;
  return false;
}
bool read_member(event::WorkflowUpdateAccepted& e, std::string_view key, JsonReader& in) {
  if (key == "update_id") return e.update_id = in.string(), true;
  if (key == "name") return e.name = in.string(), true;
  if (key == "input") return e.input = in.raw(), true;
  return false;
}
bool read_member(event::WorkflowUpdateCompleted& e, std::string_view key, JsonReader& in) {
  if (key == "update_id") return e.update_id = in.string(), true;
  if (key == "result") return e.result = in.raw(), true;
  if (key == "failure") return e.failure = read_failure(in), true;
  return false;
}

// What an event cannot do without.
template <class E>
std::string_view missing_member(const E& e) {
  if constexpr (HasSeq<E>) {
    if (e.seq < 1) return "a seq of 1 or more";
  }
  if constexpr (requires { e.activity; }) {
    if (e.activity.empty()) return "an activity";
  }
  if constexpr (requires { e.fire_at; }) {
    if (e.fire_at == Timestamp{}) return "a fire_at";
  }
  if constexpr (requires { e.signal; }) {
    if (e.signal.empty()) return "a signal";
  }
  if constexpr (requires { e.update_id; }) {
    if (e.update_id.empty()) return "an update_id";
  }
  if constexpr (requires { e.workflow_type; }) {
    if (e.workflow_type.empty()) return "a workflow_type";
  }
  if constexpr (requires { e.run_id; }) {
    if (e.run_id.is_nil()) return "a run_id";
  }
  return {};
}

template <class E>
Event read_event(JsonReader& in) {
  E e{};
  in.object([&](std::string_view key) {
    if constexpr (HasSeq<E>) {
      if (key == "seq") return void(e.seq = read_seq(in));
    }
    if (!read_member(e, key, in)) in.skip();
  });
  if (const auto missing = missing_member(e); !missing.empty()) {
    throw HistoryError(std::string(event_name(e)) + " has not " + std::string(missing));
  }
  return e;
}

using ReadEvent = Event (*)(JsonReader&);

template <std::size_t... I>
constexpr std::array<ReadEvent, sizeof...(I)> readers(std::index_sequence<I...>) {
  return {&read_event<std::variant_alternative_t<I, Event>>...};
}

/// The reader's copy looks ahead for the type, which is the first member unless someone else wrote the row.
ReadEvent find_reader(JsonReader in) {
  static constexpr auto kReaders = readers(std::make_index_sequence<kNames.size()>());
  std::string type;
  in.object([&](std::string_view key) {
    if (key == "type") return type = in.string(), false;
    in.skip();
    return true;
  });
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == type) return kReaders[i];
  }
  throw HistoryError(type.empty() ? "an event has no type"
                                  : "unknown event type \"" + type.substr(0, 64) +
                                        "\": was this history written by a later version?");
}

}  // namespace

std::string_view to_string(ParentClosePolicy policy) {
  switch (policy) {
    case ParentClosePolicy::terminate: return "terminate";
    case ParentClosePolicy::abandon: return "abandon";
    case ParentClosePolicy::request_cancel: return "request_cancel";
  }
  return "";
}

ParentClosePolicy parse_parent_close_policy(std::string_view text) {
  for (const auto policy :
       {ParentClosePolicy::terminate, ParentClosePolicy::abandon, ParentClosePolicy::request_cancel})
    if (to_string(policy) == text) return policy;
  throw std::invalid_argument("unknown parent close policy \"" + std::string(text.substr(0, 64)) +
                              "\"; allowed: terminate, abandon, request_cancel");
}

std::string_view event_name(const Event& event) { return kNames[event.index()]; }

bool is_command_event(const Event& event) {
  return std::visit(
      []<class E>(const E&) {
        return std::is_same_v<E, event::ActivityScheduled> || std::is_same_v<E, event::ActivityCancelRequested> ||
               std::is_same_v<E, event::TimerStarted> || std::is_same_v<E, event::TimerCanceled> ||
               std::is_same_v<E, event::WorkflowCompleted> || std::is_same_v<E, event::WorkflowFailed> ||
               std::is_same_v<E, event::WorkflowCanceled> || std::is_same_v<E, event::ChildWorkflowInitiated> ||
               std::is_same_v<E, event::ChildWorkflowCancelRequested> ||
               std::is_same_v<E, event::WorkflowContinuedAsNew> ||
               std::is_same_v<E, event::WorkflowPropertiesModified> ||
               std::is_same_v<E, event::WorkflowUpdateCompleted>;
      },
      event);
}

void append_event(std::string& out, const Event& event) {
  out += "{\"type\":\"";
  out += event_name(event);
  out += '"';
  std::visit(
      [&]<class E>(const E& e) {
        if constexpr (HasSeq<E>) {
          out += ",\"seq\":";
          append_json_integer(out, e.seq);
        }
        append_members(out, e);
      },
      event);
  out += '}';
}

std::string encode_events(const std::vector<Event>& events) {
  std::string out = "[";
  for (const Event& event : events) {
    if (out.size() > 1) out += ',';
    append_event(out, event);
  }
  out += ']';
  return out;
}

std::vector<Event> decode_events(std::string_view json) {
  std::vector<Event> events;
  JsonReader in(json);
  try {
    in.array([&] { events.push_back(find_reader(in)(in)); });
    in.end();
  } catch (const HistoryError& error) {
    throw HistoryError("event " + std::to_string(events.size() + 1) + " of a history row: " + error.what());
  }
  return events;
}

}  // namespace holdfast
