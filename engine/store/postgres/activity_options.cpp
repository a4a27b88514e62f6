#include <holdfast/store/postgres/activity_options.hpp>

#include <boost/json.hpp>

#include <holdfast/core/json_text.hpp>

namespace holdfast::store::postgres {
namespace {

void add_length(std::string& out, std::string_view name, const std::optional<Duration>& length) {
  if (!length) return;
  out += ",\"";
  out += name;
  out += "\":";
  append_json_integer(out, length->count());
}

std::optional<Duration> length(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? std::nullopt : std::optional(Duration(value->to_number<std::int64_t>()));
}

}  // namespace

std::string encode_options(const ActivityOptions& options) {
  std::string out = "{\"task_queue\":";
  append_json_string_repaired(out, options.task_queue);
  add_length(out, "start_to_close", options.start_to_close);
  add_length(out, "schedule_to_close", options.schedule_to_close);
  add_length(out, "schedule_to_start", options.schedule_to_start);
  add_length(out, "heartbeat", options.heartbeat);
  add_length(out, "initial_interval", options.retry.initial_interval);
  add_length(out, "maximum_interval", options.retry.maximum_interval);
  out += ",\"backoff_coefficient\":";
  append_json_double(out, options.retry.backoff_coefficient);
  out += ",\"max_attempts\":";
  append_json_integer(out, options.retry.max_attempts);
  if (!options.limit_key.empty()) {
    out += ",\"limit_key\":";
    append_json_string_repaired(out, options.limit_key);
  }
  if (!options.retry.non_retryable_types.empty()) {
    out += ",\"non_retryable_types\":";
    char separator = '[';
    for (const auto& type : options.retry.non_retryable_types) {
      out += std::exchange(separator, ',');
      append_json_string_repaired(out, type);
    }
    out += ']';
  }
  return out + "}";
}

ActivityOptions decode_options(std::string_view json) {
  const auto parsed = boost::json::parse(boost::json::string_view(json.data(), json.size()));
  const auto& object = parsed.as_object();
  ActivityOptions options;
  if (const auto* queue = object.if_contains("task_queue")) options.task_queue = std::string(queue->as_string());
  if (const auto* key = object.if_contains("limit_key")) options.limit_key = std::string(key->as_string());
  options.start_to_close = length(object, "start_to_close");
  options.schedule_to_close = length(object, "schedule_to_close");
  options.schedule_to_start = length(object, "schedule_to_start");
  options.heartbeat = length(object, "heartbeat");
  options.retry.initial_interval = length(object, "initial_interval").value_or(options.retry.initial_interval);
  options.retry.maximum_interval = length(object, "maximum_interval");
  if (const auto* value = object.if_contains("backoff_coefficient")) {
    options.retry.backoff_coefficient = value->to_number<double>();
  }
  if (const auto* value = object.if_contains("max_attempts")) options.retry.max_attempts = value->to_number<int>();
  if (const auto* types = object.if_contains("non_retryable_types")) {
    for (const auto& type : types->as_array()) {
      options.retry.non_retryable_types.emplace_back(std::string(type.as_string()));
    }
  }
  return options;
}

}  // namespace holdfast::store::postgres
