#include <holdfast/worker/config.hpp>

#include <charconv>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

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

PoolConfig read_pool(YamlMapping yaml) {
  PoolConfig out;
  auto& options = out.options;
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
  yaml.read("quarantine_after", options.quarantine_after, 1, 1000);
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
    out.push_back(read_pool(entry));
    if (!names.insert(out.back().name).second)
      entry.fail("name", "is '" + out.back().name + "' as another pool's; names must differ");
  }
  return out;
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
