#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/store/store.hpp>

namespace holdfast::test {

/// What goes wrong at a verb.
enum class Fault {
  unavailable,      ///< the connection is down: nothing happened
  in_doubt_before,  ///< the connection broke during COMMIT, and it did not happen
  in_doubt_after,   ///< the connection broke during COMMIT, and it did happen
  conflict,         ///< of commit only: nothing happened, culprits unknown
  lease_lost,       ///< nothing happened
};

/// Decides the fate of every call. `verb` is the name of the member function, such as "start_runs" or "commit";
/// `call` counts the calls of that verb from 1. Must be thread-safe.
using FaultPlan = std::function<std::optional<Fault>(std::string_view verb, int call)>;

/// The `call`-th call of `verb` fails, all others succeed. Verb "*" counts calls of every verb together.
FaultPlan fail_once(std::string verb, int call, Fault fault);
/// Every `period`-th call of every verb fails, with the faults in turn.
FaultPlan fail_regularly(int period, std::vector<Fault> faults);

/// A store that fails where it is told to, for tests of what uses stores. Wraps another one, which must outlive it.
/// Faults are thrown as the contract says that a real store throws them, so callers cannot tell the difference.
class FaultyStore final : public store::Store {
 public:
  explicit FaultyStore(store::Store& inner, FaultPlan plan = {});

  void set_plan(FaultPlan plan);
  /// finish_activities throws StatementFailed (as for text that PostgreSQL does not store) while this holds for one of
  /// the outcomes.
  void refuse_outcomes(std::function<bool(const store::ActivityOutcome&)> refused);
  /// How many calls of this verb there were; "*": of all.
  int calls(std::string_view verb) const;
  /// How many faults were thrown.
  int faults() const;

  std::vector<store::StartResult> start_runs(std::span<const store::NewRun> runs) override;
  std::vector<store::SendStatus> send_messages(std::span<const store::NewMessage> messages) override;
  store::SendStatus terminate_run(const store::RunKey& run, std::string_view reason,
                                  std::string_view identity) override;
  std::optional<store::RunDescription> describe_run(const store::RunKey& run) override;
  std::vector<store::ClosedRun> closed_runs(std::span<const Uuid> run_ids) override;
  std::vector<store::RunSummary> list_runs(const store::ListFilter& filter) override;
  store::RunCount count_runs(const store::ListFilter& filter,
                             const std::optional<visibility::Column>& group_by) override;
  std::vector<HistoryRow> read_history(const Uuid& run_id, EventId first, int limit) override;
  std::vector<store::PendingActivity> pending_activities(const Uuid& run_id) override;
  store::WorkerId register_worker(const store::WorkerInfo& info) override;
  std::vector<store::WorkerId> renew_leases(std::span<const store::WorkerId> workers, Duration lease) override;
  void release_worker(store::WorkerId worker) override;
  store::TakeoverReport take_over_expired(int quarantine_after) override;
  std::vector<store::WorkerDescription> list_workers() override;
  std::vector<store::QueueDescription> list_queues() override;
  store::Readiness peek(std::span<const store::WorkerId> workers, std::span<const std::string> task_queues) override;
  std::unique_ptr<store::LaneSession> open_lane(store::WorkerId worker) override;
  std::vector<store::ClaimedActivity> claim_activities(store::WorkerId worker, std::span<const std::string> queues,
                                                       int limit) override;
  std::vector<store::ClaimedActivity> owned_activities(store::WorkerId worker) override;
  store::FinishReport finish_activities(std::span<const store::ActivityOutcome> outcomes) override;
  std::vector<store::ActivityKey> heartbeat_activities(store::WorkerId worker,
                                                       std::span<const store::Heartbeat> beats) override;
  std::vector<store::ExpiredActivity> claim_expired_activities(store::WorkerId worker, int limit) override;
  /// Never fails: their verbs are single transactions that change nothing when they fail.
  store::ScheduleStore& schedules() override { return inner_.schedules(); }
  store::LimitStore& limits() override { return inner_.limits(); }

  store::QueryStore& queries() override { return inner_.queries(); }
  /// Never fails, likewise.
  store::UpdateStore& updates() override { return inner_.updates(); }
  void notify(std::span<const std::string> hints) override;
  std::unique_ptr<store::Listener> listen() override;
  Timestamp now() override;
  void maintain() override;

  /// Runs one call under the plan; for the sessions and transactions that this store hands out.
  template <class Call>
  auto guard(std::string_view verb, Call call);

 private:
  std::optional<Fault> next_fault(std::string_view verb);

  store::Store& inner_;
  mutable std::mutex mutex_;
  FaultPlan plan_;
  std::function<bool(const store::ActivityOutcome&)> refused_;
  std::map<std::string, int, std::less<>> calls_;
  int faults_ = 0;
};

}  // namespace holdfast::test
