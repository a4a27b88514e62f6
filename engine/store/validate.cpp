#include <holdfast/store/validate.hpp>

#include <stdexcept>
#include <string>

#include <holdfast/core/attributes.hpp>
#include <holdfast/core/json_reader.hpp>
#include <holdfast/core/json_text.hpp>
#include <holdfast/visibility/parse.hpp>

namespace holdfast::store {
namespace {

[[noreturn]] void reject(std::string_view field, const std::string& problem, const std::string& allowed) {
  throw InvalidArgument(std::string(field) + " " + problem + "; allowed: " + allowed);
}

/// The value as an error message may show it: short, printable.
std::string shown(std::string_view value) {
  constexpr std::size_t kMost = 60;
  std::string out;
  append_json_string_repaired(out, value.substr(0, kMost));
  return value.size() > kMost ? out + "..." : out;
}

void validate_bytes(std::string_view field, std::string_view value, std::size_t min, std::size_t max) {
  const std::string allowed = std::to_string(min) + " to " + std::to_string(max) + " bytes of UTF-8 without NUL";
  if (value.size() < min) reject(field, "is empty", allowed);
  if (value.size() > max)
    reject(field, "has " + std::to_string(value.size()) + " bytes (" + shown(value) + ")", allowed);
  if (value.find('\0') != std::string_view::npos) reject(field, "holds a NUL byte (" + shown(value) + ")", allowed);
  if (!is_valid_utf8(value)) reject(field, "is not valid UTF-8 (" + shown(value) + ")", allowed);
}

void validate_number(std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max) {
  if (value >= min && value <= max) return;
  reject(field, "is " + std::to_string(value), std::to_string(min) + " to " + std::to_string(max));
}

void validate_delay(std::string_view field, Duration value, Duration min) {
  if (value >= min && value <= kMaxDelay) return;
  reject(field, "is " + std::to_string(value.count()) + " us",
         std::to_string(min.count()) + " us to " + std::to_string(kMaxDelay.count()) + " us (100 years)");
}

/// A check of core/attributes.hpp, with the store's error.
template <class Check>
void checked(Check check) {
  try {
    check();
  } catch (const std::invalid_argument& error) {
    throw InvalidArgument(error.what());
  }
}

void validate_run(const NewRun& run) {
  const auto& id = run.run_id.bytes;
  if ((id[6] & 0xF0) != 0x70 || (id[8] & 0xC0) != 0x80) reject("run_id", "is " + run.run_id.to_string(), "a UUIDv7");
  validate_name("namespace", run.namespace_);
  validate_name("workflow_id", run.workflow_id, kMaxWorkflowIdBytes);
  validate_name("workflow_type", run.workflow_type);
  validate_name("task_queue", run.task_queue);
  validate_payload("input", run.input);
  validate_properties(run.memo, run.search_attributes);
  validate_number("priority", run.priority, 1, 5);
  if (run.start_delay) validate_delay("start_delay", *run.start_delay, Duration(0));
  if (run.execution_timeout) validate_delay("execution_timeout", *run.execution_timeout, Duration(1));
  if (run.reuse == IdReusePolicy::reject_duplicate && run.conflict == IdConflictPolicy::terminate_existing) {
    reject("conflict policy", "is terminate_existing with the reuse policy reject_duplicate",
           "one of them (the ended run would forbid the new one)");
  }
}

void validate_message(const NewMessage& message) {
  validate(message.to);
  if (message.message_id.is_nil()) reject("message_id", "is nil", "a UUID made by the sender");
  if (message.kind == MessageKind::signal) {
    validate_name("signal", message.name);
  } else if (message.kind == MessageKind::cancel) {
    validate_text("reason", message.name, kMaxReasonBytes);
  } else {
    reject("message kind", "is " + std::string(to_string(message.kind)), "signal, cancel");
  }
  validate_payload("payload", message.payload);
}

template <class T, class Check>
void validate_each(std::span<const T> items, std::string_view what, Check check) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    try {
      check(items[i]);
    } catch (const InvalidArgument& error) {
      if (items.size() == 1) throw;
      throw InvalidArgument(std::string(what) + " " + std::to_string(i + 1) + " of " + std::to_string(items.size()) +
                            ": " + error.what());
    }
  }
}

}  // namespace

void validate_name(std::string_view field, std::string_view value, std::size_t max_bytes) {
  validate_bytes(field, value, 1, max_bytes);
}

void validate_text(std::string_view field, std::string_view value, std::size_t max_bytes) {
  validate_bytes(field, value, 0, max_bytes);
}

void validate_payload(std::string_view field, std::string_view json) {
  const std::string allowed = "JSON text of at most " + std::to_string(kMaxPayloadBytes) + " bytes";
  if (json.size() > kMaxPayloadBytes) reject(field, "has " + std::to_string(json.size()) + " bytes", allowed);
  if (!is_valid_json(json)) reject(field, "is not JSON (" + shown(json) + ")", allowed);
}

void validate_object(std::string_view field, std::string_view json) {
  checked([&] { check_json_object(field, json, kMaxPayloadBytes); });
}

void validate_properties(std::string_view memo, std::string_view search_attributes) {
  checked([&] { check_memo(memo); });
  checked([&] { check_search_attributes(search_attributes); });
}

void validate_group_by(const visibility::Column& column) {
  checked([&] { visibility::parse_group_by("`" + visibility::column_name(column) + "`"); });
}

void validate(const RunKey& key) {
  validate_name("namespace", key.namespace_);
  if (key.run_id.is_nil()) {
    validate_name("workflow_id", key.workflow_id, kMaxWorkflowIdBytes);
  } else {
    validate_text("workflow_id", key.workflow_id, kMaxWorkflowIdBytes);
  }
}

void validate(std::span<const NewRun> runs) { validate_each(runs, "run", validate_run); }

void validate(std::span<const NewChild> children) {
  validate_each(children, "child", [](const NewChild& child) { validate_run(child.run); });
}

void validate(std::span<const NewMessage> messages) { validate_each(messages, "message", validate_message); }

void validate(const NewUpdate& update) {
  validate(update.to);
  validate_name("update_id", update.update_id);
  validate_name("update", update.name);
  validate_payload("input", update.input);
}

void validate(const NewQuery& query) {
  if (query.query_id.is_nil()) reject("query_id", "is nil", "a UUID made by the asker");
  validate(query.to);
  validate_name("query", query.name);
  validate_payload("input", query.input);
  validate_number("timeout in us", query.timeout.count(), 0, Duration(kMaxQueryTimeout).count());
}

void validate(const ListFilter& filter) {
  validate_name("namespace", filter.namespace_);
  if (filter.workflow_type) validate_name("workflow_type", *filter.workflow_type);
  if (filter.task_queue) validate_name("task_queue", *filter.task_queue);
  if (filter.workflow_id_prefix) validate_text("workflow_id prefix", *filter.workflow_id_prefix, kMaxWorkflowIdBytes);
  validate_number("limit", filter.limit, 1, 1000);
}

void validate(const WorkerInfo& info) {
  validate_text("identity", info.identity, kMaxNameBytes);
  validate_text("version", info.version, kMaxNameBytes);
  for (const auto& queue : info.task_queues) validate_name("task_queue", queue);
  validate_delay("lease", info.lease, std::chrono::milliseconds(1));
}

void validate_termination(const RunKey& key, std::string_view reason, std::string_view identity) {
  validate(key);
  validate_text("reason", reason, kMaxReasonBytes);
  validate_text("identity", identity, kMaxNameBytes);
}

}  // namespace holdfast::store
