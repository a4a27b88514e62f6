#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <holdfast/core/event.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/store/types.hpp>

namespace holdfast::store {

struct ScheduleKey {
  std::string namespace_ = "default";
  std::string schedule_id;  ///< 1 to 900 bytes
  auto operator<=>(const ScheduleKey&) const = default;
};

/// What a schedule says. The store moves it and interprets none of it.
struct ScheduleContent {
  Payload definition;         ///< JSON object: a schedule::ScheduleDefinition
  Payload input = "{}";       ///< of every run
  Payload memo;               ///< JSON object or empty
  Payload search_attributes;  ///< JSON object or empty; runs get ScheduledById and ScheduledStartTime as well
  std::optional<std::int64_t> remaining_actions;
};

struct NewSchedule {
  ScheduleKey key;
  ScheduleContent content;
  bool paused = false;
  std::string note;    ///< for people
  std::string origin;  ///< who keeps it: empty, or the configuration that declares it
};

/// Row of `schedules`.
struct ScheduleRow {
  ScheduleKey key;
  ScheduleContent content;
  Payload state;                     ///< JSON object: a schedule::ScheduleState
  Payload requests;                  ///< JSON array of schedule::ScheduleRequest that nobody has carried out yet
  std::vector<std::string> watched;  ///< workflow ids of its runs that are looked at when it is fired
  bool waiting = false;              ///< something waits for the end of a watched run
  bool paused = false;
  std::string note, origin, error;  ///< error: why it cannot fire
  std::int64_t version = 1;         ///< grows with each update
  Timestamp created_at, updated_at;
  Timestamp since;                   ///< ticks before this are of no concern
  std::optional<Timestamp> next_at;  ///< when it is looked at next; nullopt: when it is changed
};

struct ScheduleFilter {
  std::string namespace_ = "default";
  std::optional<std::string> id_prefix = {}, origin = {};
  std::optional<bool> paused = {};
  std::string after = {};  ///< keyset: only larger ids
  int limit = 100;         ///< 1 to 1000
};

enum class ScheduleChange : std::uint8_t {
  done,
  not_found,
  other_version,  ///< somebody changed it since
  too_many,       ///< 1,000 requests wait already
};

/// A schedule that is due, locked by the transaction that fires it.
struct DueSchedule {
  ScheduleRow row;
  struct Watched {
    std::string workflow_id;
    Uuid run_id;                      ///< its newest run; nil: there is none any more
    std::optional<RunStatus> status;  ///< nullopt: there is none any more
  };
  std::vector<Watched> watched;
};

struct ScheduledStart {
  Uuid run_id;  ///< UUIDv7
  std::string workflow_id, workflow_type, task_queue;
  Timestamp scheduled_at;
  int priority = 3;
  std::optional<Duration> execution_timeout;
  std::optional<Uuid> last_completed, last_failed;  ///< runs whose result and failure it gets
};

/// What becomes of a due schedule.
struct ScheduleDecision {
  ScheduleKey key;
  std::vector<ScheduledStart> starts;
  std::vector<std::string> cancel, terminate;  ///< workflow ids
  Payload state;
  std::vector<std::string> watched;
  std::optional<Timestamp> next_at;
  bool waiting = false;  ///< to be looked at as soon as a watched run ends: see hurry_schedules
  bool paused = false;
  std::string note;   ///< empty: keep the old one
  std::string error;  ///< not empty: it cannot fire
  std::optional<std::int64_t> remaining_actions;
};
using DecideSchedules = std::function<std::vector<ScheduleDecision>(Timestamp now, std::span<const DueSchedule>)>;

struct FireReport {
  int schedules = 0;                ///< that were due and that nobody else fires
  int starts = 0;                   ///< runs started
  std::optional<Duration> next_in;  ///< when the next one is due; nullopt: never, as things are
};

/// The schedules of a Store. The same rules as there: each verb is one transaction; Unavailable, InDoubt,
/// InvalidArgument. Thread-safe.
class ScheduleStore {
 public:
  virtual ~ScheduleStore() = default;

  /// False: the id is taken.
  virtual bool create_schedule(const NewSchedule& schedule) = 0;
  /// Replaces the content, if `expected_version` is its version or 0. Its pause stays; earlier ticks are not made up
  /// for.
  virtual ScheduleChange update_schedule(const ScheduleKey& key, const ScheduleContent& content,
                                         std::int64_t expected_version) = 0;
  /// Runs that it started go on. False: there is none.
  virtual bool delete_schedule(const ScheduleKey& key) = 0;
  /// Pauses or resumes. Idempotent. False: there is none.
  virtual bool pause_schedule(const ScheduleKey& key, bool paused, std::string_view note) = 0;
  /// Adds a request (a schedule::ScheduleRequest) and makes the schedule due. The same request twice is one.
  virtual ScheduleChange request_schedule(const ScheduleKey& key, const Payload& request) = 0;
  /// Makes due those of the schedules that wait for the end of a run, because one closed. A hint. Returns
  /// how many there were.
  virtual int hurry_schedules(std::span<const ScheduleKey> keys) = 0;

  virtual std::optional<ScheduleRow> describe_schedule(const ScheduleKey& key) = 0;
  /// By id, ascending.
  virtual std::vector<ScheduleRow> list_schedules(const ScheduleFilter& filter) = 0;

  /// Takes up to `limit` due schedules that nobody else is firing, lets `decide` say what becomes of each, and starts,
  /// cancels, terminates and advances all of it in the same transaction: one commit, so each tick happens once.
  /// `decide` is called at most once and must not use the store; what it throws passes through, and nothing happened.
  virtual FireReport fire_schedules(int limit, const DecideSchedules& decide) = 0;
};

}  // namespace holdfast::store
