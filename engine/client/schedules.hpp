#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/client/client.hpp>
#include <holdfast/schedule/definition.hpp>
#include <holdfast/schedule/planner.hpp>
#include <holdfast/store/schedule_store.hpp>

namespace holdfast::client {

/// What create and update say: the definition, and what its runs get.
struct ScheduleRequest {
  schedule::ScheduleDefinition definition;
  Payload input = "{}";
  Payload memo = {};               ///< a JSON object, or empty
  Payload search_attributes = {};  ///< a JSON object, or empty
};

struct CreateScheduleOptions {
  bool paused = false;
  std::string note = {};
  std::string origin = {};  ///< who keeps it; for configurations that reconcile
  bool trigger = false;     ///< start one run at once as well
};

enum class ScheduleUpsert : std::uint8_t { unchanged, created, updated };

/// A schedule as it stands.
struct ScheduleDescription {
  store::ScheduleRow row;
  schedule::ScheduleDefinition definition;  ///< default if `row.error` says that it cannot be read
  schedule::ScheduleState state;
  struct Action {
    schedule::RecentAction action;
    store::RunStatus status = store::RunStatus::running;
  };
  std::vector<Action> recent;         ///< the last 10, oldest first
  std::vector<Timestamp> next_times;  ///< the next 10, jitter included; empty while paused or exhausted
  std::int64_t pending_requests = 0;
};

/// The schedules of a client's namespace. A cheap value; keeps its client alive. Thread-safe.
///
/// Throws store::InvalidArgument for a definition or a value that is not allowed (the message names the field, the
/// value and what is allowed), NotFoundError, ScheduleExistsError, ScheduleChangedError; errors of the store pass
/// through.
class Schedules {
 public:
  explicit Schedules(Client client) : client_(std::move(client)) {}

  void create(std::string_view id, const ScheduleRequest& request, const CreateScheduleOptions& options = {}) const;
  /// Replaces definition, input, memo and attributes. A pause stays, times before now are not made up for.
  /// `expected_version`: of the description that the change was made from; 0: whatever there is.
  void update(std::string_view id, const ScheduleRequest& request, std::int64_t expected_version = 0) const;
  /// Creates it, or updates it if it says something else. A pause stays.
  ScheduleUpsert create_or_update(std::string_view id, const ScheduleRequest& request,
                                  const CreateScheduleOptions& options) const;
  void remove(std::string_view id) const;
  void pause(std::string_view id, std::string_view note = "") const;
  void resume(std::string_view id, std::string_view note = "") const;
  /// Starts one run as soon as a worker looks, also while paused; returns its workflow id.
  std::string trigger(std::string_view id, std::optional<schedule::Overlap> overlap = {}) const;
  /// Runs the ticks from `from` to `to`, both included, which must have passed.
  void backfill(std::string_view id, Timestamp from, Timestamp to, std::optional<schedule::Overlap> overlap = {}) const;

  ScheduleDescription describe(std::string_view id) const;
  /// By id; `filter.namespace_` is ignored: it is the client's.
  std::vector<store::ScheduleRow> list(store::ScheduleFilter filter = {}) const;

 private:
  store::ScheduleKey key(std::string_view id) const;
  store::ScheduleContent content(const ScheduleRequest& request) const;
  void request(const store::ScheduleKey& key, const schedule::ScheduleRequest& what) const;
  void wake() const;

  Client client_;
};

/// The next `count` times of a definition after `after`, jitter included. Needs no database. Throws
/// store::InvalidArgument.
std::vector<Timestamp> next_times(const schedule::ScheduleDefinition& definition, std::string_view id, Timestamp after,
                                  int count);

}  // namespace holdfast::client
