#include <holdfast/worker/config.hpp>

#include <charconv>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/store/errors.hpp>
#include <holdfast/store/validate_limits.hpp>
#include <holdfast/worker/yaml_mapping.hpp>

namespace holdfast::worker {
namespace {

constexpr int kMostRuns = 1'000'000;

/// A whole number and the rest. Throws std::invalid_argument with `allowed`.
std::pair<std::uint64_t, std::string_view> number_and_unit(std::string_view text, const char* allowed) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > std::uint64_t(std::numeric_limits<std::int32_t>::max()))
    throw std::invalid_argument("is '" + std::string(text.substr(0, 80)) + "'; allowed: " + allowed);
  return {number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

WorkerConfig::Database read_database(YamlMapping yaml) {
  WorkerConfig::Database out;
  yaml.read("url", out.url);
  yaml.read("listen_url", out.listen_url);
  yaml.read("pool_size", out.pool_size, 1, 1000);
  yaml.read("prepared", out.prepared);
  yaml.finish();
  return out;
}

WorkerConfig::Http read_http(YamlMapping yaml) {
  WorkerConfig::Http out;
  yaml.read("host", out.host);
  yaml.read("port", out.port, 0, 65535);
  yaml.finish();
  return out;
}

WorkerConfig::Log read_log(YamlMapping yaml) {
  WorkerConfig::Log out;
  yaml.read_one_of("level", out.level, {"trace", "debug", "info", "warning", "error", "off"});
  yaml.read_one_of("format", out.format, {"text", "json"});
  yaml.finish();
  return out;
}

PoolConfig read_pool(YamlMapping yaml, bool first) {
  PoolConfig out;
  auto& options = out.options;
  options.schedules = first;  // one of a process is enough
  if (!yaml.has("name")) yaml.fail("name", "is missing; every pool needs one");
  yaml.read("name", out.name);
  if (out.name.empty()) yaml.fail("name", "is empty; every pool needs one");
  if (!yaml.has("task_queues")) yaml.fail("task_queues", "is missing; name at least one");
  yaml.read("task_queues", options.task_queues);
  yaml.read("workflows", out.workflows);
  yaml.read("activities", out.activities);
  yaml.read("lanes", options.lanes, 1, 64);
  yaml.read("activity_threads", options.activity_threads, 1, 1024);
  yaml.read_bytes("cache_bytes", options.cache_bytes);
  yaml.read("max_owned_runs", options.max_owned_runs, 1, kMostRuns);
  yaml.read("max_batch", options.max_batch, 1, 10000);
  yaml.read("lease", options.lease);
  yaml.read("park_after", options.park_after);
  yaml.read("idle_poll", options.idle_poll);
  yaml.read("notify", options.notify);
  yaml.read("fire_schedules", options.schedules);
  yaml.read("quarantine_after", options.quarantine_after, 1, 1000);
  yaml.read("stuck_after", options.stuck_after);
  yaml.read_bytes("max_payload_bytes", options.max_payload_bytes);
  yaml.read("shutdown_grace", options.shutdown_grace);
  yaml.finish();
  try {
    options.validate();  // what depends on more than one key, and limits that live there
  } catch (const std::invalid_argument& error) {
    yaml.fail("name", "'" + out.name + "': " + error.what());
  }
  return out;
}

std::vector<PoolConfig> read_pools(YamlMapping& yaml) {
  std::vector<PoolConfig> out;
  std::set<std::string> names;
  for (auto& entry : yaml.mappings("pools")) {
    out.push_back(read_pool(entry, out.empty()));
    if (!names.insert(out.back().name).second)
      entry.fail("name", "is '" + out.back().name + "' as another pool's; names must differ");
  }
  return out;
}

schedule::CalendarSpec read_calendar(YamlMapping yaml) {
  schedule::CalendarSpec out;
  boost::mp11::mp_for_each<boost::describe::describe_members<schedule::CalendarSpec, boost::describe::mod_public>>(
      [&](auto member) { yaml.read(member.name, out.*member.pointer); });
  yaml.finish();
  return out;
}

schedule::ExclusionSpec read_exclusion(YamlMapping yaml) {
  schedule::ExclusionSpec out;
  boost::mp11::mp_for_each<boost::describe::describe_members<schedule::ExclusionSpec, boost::describe::mod_public>>(
      [&](auto member) { yaml.read(member.name, out.*member.pointer); });
  yaml.finish();
  return out;
}

/// A described enum by name; leaves `value` alone when the key is absent.
template <class E>
void read_enum(YamlMapping& yaml, const char* key, E& value) {
  std::vector<std::string> allowed;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto e) { allowed.emplace_back(e.name); });
  std::string text = boost::describe::enum_to_string(value, "");
  yaml.read_one_of(key, text, allowed);
  boost::describe::enum_from_string(text.c_str(), value);
}

void read_time(YamlMapping& yaml, const char* key, std::optional<Timestamp>& value) {
  std::string text;
  yaml.read(key, text);
  if (text.empty()) return;
  try {
    value = parse_rfc3339(text);
  } catch (const std::invalid_argument& error) {
    yaml.fail(key, error.what());
  }
}

schedule::ScheduleSpec read_spec(YamlMapping& yaml) {
  schedule::ScheduleSpec out;
  yaml.read("cron", out.cron);
  std::vector<std::string> every;
  yaml.read("every", every);
  for (const auto& text : every) {
    const auto slash = text.find('/');
    out.intervals.push_back({.every = text.substr(0, slash)});
    if (slash != std::string::npos) out.intervals.back().phase = text.substr(slash + 1);
  }
  if (yaml.has("calendars"))
    for (auto& entry : yaml.mappings("calendars")) out.calendars.push_back(read_calendar(entry));
  if (yaml.has("exclude"))
    for (auto& entry : yaml.mappings("exclude")) out.exclude.push_back(read_exclusion(entry));
  read_time(yaml, "start_at", out.start_at);
  read_time(yaml, "end_at", out.end_at);
  yaml.read("jitter", out.jitter);
  yaml.read("time_zone", out.time_zone);
  read_enum(yaml, "missing_time", out.missing_time);
  read_enum(yaml, "doubled_time", out.doubled_time);
  return out;
}

void read_json(YamlMapping& yaml, const char* key, std::string& value, bool object) {
  yaml.read(key, value);
  if (!yaml.has(key)) return;
  if (object ? !is_valid_json_object(value) : !is_valid_json(value))
    yaml.fail(key, "is '" + value.substr(0, 80) + "'; allowed: JSON text" + (object ? " of an object" : ""));
}

ScheduleConfig read_schedule(YamlMapping yaml) {
  ScheduleConfig out;
  auto& definition = out.definition;
  yaml.read("id", out.id);
  definition.spec = read_spec(yaml);
  yaml.read("workflow_type", definition.workflow_type);
  yaml.read("task_queue", definition.task_queue);
  yaml.read("priority", definition.priority, 1, 5);
  yaml.read("execution_timeout", definition.execution_timeout);
  read_enum(yaml, "overlap", definition.overlap);
  read_enum(yaml, "catch_up", definition.catch_up);
  yaml.read("catch_up_window", definition.catch_up_window);
  yaml.read("pause_on_failure", definition.pause_on_failure);
  if (int limit = 0; yaml.has("limited_actions")) {
    yaml.read("limited_actions", limit, 0, kMostRuns);
    definition.limited_actions = limit;
  }
  read_json(yaml, "input", out.input, false);
  read_json(yaml, "memo", out.memo, true);
  read_json(yaml, "search_attributes", out.search_attributes, true);
  yaml.read("note", out.note);
  yaml.read("paused", out.paused);
  yaml.finish();
  try {
    schedule::validate_schedule_id(out.id);
    schedule::validate(definition);
  } catch (const schedule::SpecError& error) {
    yaml.fail("id", "'" + out.id.substr(0, 80) + "': " + error.what());
  }
  return out;
}

std::vector<ScheduleConfig> read_schedules(YamlMapping& yaml) {
  std::vector<ScheduleConfig> out;
  if (!yaml.has("schedules")) return out;
  std::set<std::string> ids;
  for (auto& entry : yaml.mappings("schedules")) {
    out.push_back(read_schedule(entry));
    if (!ids.insert(out.back().id).second)
      entry.fail("id", "is '" + out.back().id + "' as another schedule's; ids must differ");
  }
  return out;
}

LimitConfig read_limit(YamlMapping yaml) {
  LimitConfig out;
  const bool of_queue = yaml.has("queue");
  const char* scope = of_queue ? "queue" : "key";
  if (of_queue == yaml.has("key")) yaml.fail(scope, "must be given, or queue, and not both");
  out.limit.scope = of_queue ? store::LimitScope::queue : store::LimitScope::key;
  yaml.read(scope, out.limit.name);
  const auto read = [&](const char* key, std::optional<int>& value, int least) {
    if (!yaml.has(key)) return;
    int number = 0;
    yaml.read(key, number, least, kMostRuns);
    value = number;
  };
  read("max_concurrent", out.rule.max_concurrent, 0);
  read("rate", out.rule.rate, 1);
  read("burst", out.rule.burst, 1);
  if (yaml.has("per") && !out.rule.rate) yaml.fail("per", "is given without a rate");
  yaml.read("per", out.rule.per);
  yaml.read("reason", out.reason);
  yaml.finish();
  try {
    store::validate(store::NewLimit{out.limit, out.rule, "", out.reason, ""});
  } catch (const store::InvalidArgument& error) {
    yaml.fail(scope, "'" + out.limit.name.substr(0, 80) + "': " + error.what());
  }
  return out;
}

std::vector<LimitConfig> read_limits(YamlMapping& yaml) {
  std::vector<LimitConfig> out;
  if (!yaml.has("limits")) return out;
  std::set<store::LimitName> names;
  for (auto& entry : yaml.mappings("limits")) {
    out.push_back(read_limit(entry));
    const auto& limit = out.back().limit;
    if (!names.insert(limit).second)
      entry.fail(limit.scope == store::LimitScope::queue ? "queue" : "key",
                 "is '" + limit.name + "' as another limit's; they must differ");
  }
  return out;
}

/// The name in `origin_key`, and whether `removed_key` says delete.
bool read_keeping(YamlMapping& yaml, const char* origin_key, std::string& origin, const char* removed_key) {
  yaml.read(origin_key, origin);
  if (origin.empty()) yaml.fail(origin_key, "is empty; allowed: a name");
  std::string removed = "report";
  yaml.read_one_of(removed_key, removed, {"report", "delete"});
  return removed == "delete";
}

}  // namespace

Duration parse_duration(std::string_view text) {
  constexpr const char* kAllowed = "a whole number and a unit: 500ms, 5s, 2m, 1h";
  const auto [number, unit] = number_and_unit(text, kAllowed);
  const auto count = static_cast<std::int64_t>(number);
  if (unit == "ms") return std::chrono::milliseconds(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "m") return std::chrono::minutes(count);
  if (unit == "h") return std::chrono::hours(count);
  throw std::invalid_argument("is '" + std::string(text.substr(0, 80)) + "'; allowed: " + kAllowed);
}

std::size_t parse_byte_count(std::string_view text) {
  constexpr const char* kAllowed = "a whole number of bytes, or one with a unit: 64KiB, 256MiB, 2GiB";
  const auto [number, unit] = number_and_unit(text, kAllowed);
  if (unit.empty()) return number;
  if (unit == "KiB") return number << 10;
  if (unit == "MiB") return number << 20;
  if (unit == "GiB") return number << 30;
  throw std::invalid_argument("is '" + std::string(text.substr(0, 80)) + "'; allowed: " + kAllowed);
}

WorkerConfig parse_worker_config(std::string_view yaml, const std::string& file) {
  try {
    const auto documents = YAML::LoadAll(std::string(yaml));
    if (documents.size() != 1)
      throw ConfigError(file + ": has " + std::to_string(documents.size()) + " YAML documents; it must be one");
    YamlMapping document(documents[0], file, "");
    WorkerConfig out;
    out.database = read_database(document.mapping("database"));
    out.http = read_http(document.mapping("http"));
    out.log = read_log(document.mapping("log"));
    out.pools = read_pools(document);
    out.schedules = read_schedules(document);
    document.read("schedule_namespace", out.schedule_namespace);
    out.delete_removed_schedules = read_keeping(document, "schedule_origin", out.schedule_origin, "removed_schedules");
    out.limits = read_limits(document);
    out.delete_removed_limits = read_keeping(document, "limit_origin", out.limit_origin, "removed_limits");
    document.finish();
    return out;
  } catch (const YAML::Exception& error) {
    const auto line = error.mark.line < 0 ? "" : std::to_string(error.mark.line + 1) + ": ";
    throw ConfigError(file + ":" + line + "not YAML: " + error.msg);
  }
}

WorkerConfig read_worker_config(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw ConfigError(file + ": cannot be read, or is empty");
  return parse_worker_config(text.str(), file);
}

}  // namespace holdfast::worker
