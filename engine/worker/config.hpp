#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/schedule/definition.hpp>
#include <holdfast/store/limit_store.hpp>
#include <holdfast/worker/options.hpp>

namespace holdfast::worker {

/// One pool: a Worker of its own, so that what is slow in one never holds up another.
struct PoolConfig {
  std::string name;  ///< for logs and metrics; unique
  WorkerOptions options;
  std::vector<std::string> workflows;   ///< workflow types; empty: every one that the program knows
  std::vector<std::string> activities;  ///< likewise
};

/// A schedule that the file declares.
struct ScheduleConfig {
  std::string id;
  schedule::ScheduleDefinition definition;
  std::string input = "{}", memo, search_attributes;  ///< JSON text
  std::string note;
  bool paused = false;  ///< when it is created; afterwards operators decide
};

/// A limit that the file declares.
struct LimitConfig {
  store::LimitName limit;
  store::LimitRule rule;
  std::string reason;
};

/// What the YAML file of a worker process says (docs/configuration.md).
struct WorkerConfig {
  struct Database {
    std::string url;         ///< empty: given otherwise
    std::string listen_url;  ///< a direct connection for LISTEN when `url` is a pooler; empty: url
    int pool_size = 4;
    bool prepared = true;  ///< false: PgBouncer before 1.21 in transaction mode
  };
  struct Http {
    std::string host = "127.0.0.1";
    int port = 0;  ///< 0: no health and metrics port
  };
  struct Log {
    std::string level = "info";   ///< trace, debug, info, warning, error, off
    std::string format = "text";  ///< text or json
  };
  Database database;
  Http http;
  Log log;
  std::vector<PoolConfig> pools;  ///< at least one
  std::vector<ScheduleConfig> schedules;
  std::string schedule_namespace = "default";
  std::string schedule_origin = "worker";  ///< marks the schedules that this file keeps
  bool delete_removed_schedules = false;   ///< those of this origin that the file does not declare (any more)
  std::vector<LimitConfig> limits;
  std::string limit_origin = "worker";  ///< marks the limits that this file keeps
  bool delete_removed_limits = false;   ///< likewise
};

/// The file is wrong. The message starts with "<file>:<line>: " and names the key, its value and what is allowed.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads the text of a file; `file` is its name in messages. Throws ConfigError; keys that nothing reads are errors.
WorkerConfig parse_worker_config(std::string_view yaml, const std::string& file);

/// The same from the file itself. Throws ConfigError also when it cannot be read.
WorkerConfig read_worker_config(const std::string& file);

/// "500ms", "5s", "2m", "1h": a whole number and a unit. Throws std::invalid_argument.
Duration parse_duration(std::string_view text);
/// "1048576", "64KiB", "256MiB", "2GiB". Throws std::invalid_argument.
std::size_t parse_byte_count(std::string_view text);

}  // namespace holdfast::worker
