#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <map>
#include <mutex>
#include <thread>
#include <type_traits>

#include <holdfast/store/postgres/connection_pool.hpp>
#include <holdfast/store/postgres/known_limits.hpp>
#include <holdfast/store/postgres/moving_bound.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

namespace holdfast::store::postgres {

/// The verbs stand in one file per group: starts.cpp, messages.cpp, reading_verbs.cpp, workers.cpp, activities.cpp, ...
class PostgresStore final : public Store,
                            private ScheduleStore,
                            private LimitStore,
                            private UpdateStore,
                            private QueryStore {
 public:
  explicit PostgresStore(PostgresOptions options);

  std::vector<StartResult> start_runs(std::span<const NewRun> runs) override;
  std::vector<SendStatus> send_messages(std::span<const NewMessage> messages) override;
  SendStatus terminate_run(const RunKey& run, std::string_view reason, std::string_view identity) override;
  std::optional<RunDescription> describe_run(const RunKey& run) override;
  std::vector<ClosedRun> closed_runs(std::span<const Uuid> run_ids) override;
  std::vector<RunSummary> list_runs(const ListFilter& filter) override;
  RunCount count_runs(const ListFilter& filter, const std::optional<visibility::Column>& group_by) override;
  std::vector<HistoryRow> read_history(const Uuid& run_id, EventId first, int limit) override;
  std::vector<PendingActivity> pending_activities(const Uuid& run_id) override;

  WorkerId register_worker(const WorkerInfo& info) override;
  std::vector<WorkerId> renew_leases(std::span<const WorkerId> workers, Duration lease) override;
  void release_worker(WorkerId worker) override;
  TakeoverReport take_over_expired(int quarantine_after) override;
  std::vector<WorkerDescription> list_workers() override;
  std::vector<QueueDescription> list_queues() override;
  Readiness peek(std::span<const WorkerId> workers, std::span<const std::string> task_queues) override;

  std::unique_ptr<LaneSession> open_lane(WorkerId worker) override;

  std::vector<ClaimedActivity> claim_activities(WorkerId worker, std::span<const std::string> queues,
                                                int limit) override;
  std::vector<ClaimedActivity> owned_activities(WorkerId worker) override;
  FinishReport finish_activities(std::span<const ActivityOutcome> outcomes) override;
  std::vector<ActivityKey> heartbeat_activities(WorkerId worker, std::span<const Heartbeat> beats) override;
  std::vector<ExpiredActivity> claim_expired_activities(WorkerId worker, int limit) override;

  ScheduleStore& schedules() override { return *this; }
  bool create_schedule(const NewSchedule& schedule) override;
  ScheduleChange update_schedule(const ScheduleKey& key, const ScheduleContent& content,
                                 std::int64_t expected_version) override;
  bool delete_schedule(const ScheduleKey& key) override;
  bool pause_schedule(const ScheduleKey& key, bool paused, std::string_view note) override;
  ScheduleChange request_schedule(const ScheduleKey& key, const Payload& request) override;
  int hurry_schedules(std::span<const ScheduleKey> keys) override;
  std::optional<ScheduleRow> describe_schedule(const ScheduleKey& key) override;
  std::vector<ScheduleRow> list_schedules(const ScheduleFilter& filter) override;
  FireReport fire_schedules(int limit, const DecideSchedules& decide) override;

  LimitStore& limits() override { return *this; }
  void set_limit(const NewLimit& limit) override;
  bool delete_limit(const LimitName& limit) override;
  std::optional<LimitRow> describe_limit(const LimitName& limit) override;
  std::vector<LimitRow> list_limits(const LimitFilter& filter) override;

  QueryStore& queries() override { return *this; }
  SendStatus ask(const NewQuery& query) override;
  std::vector<QueryAnswer> read_answers(std::span<const Uuid> query_ids) override;
  std::optional<OpenQuery> withdraw(const Uuid& query_id) override;
  QueryClaim claim_queries(std::span<const std::string> task_queues, std::span<const std::string> workflow_types,
                           int limit) override;
  void answer_queries(std::span<const QueryAnswer> answers) override;

  UpdateStore& updates() override { return *this; }
  SentUpdate send_update(const NewUpdate& update) override;
  std::vector<UpdateState> read_updates(std::span<const UpdateKey> keys) override;
  std::vector<UpdateState> open_updates(const Uuid& run_id) override;

  void notify(std::span<const std::string> hints) override;
  std::unique_ptr<Listener> listen() override;
  Timestamp now() override;
  void maintain() override;

 private:
  enum class Access { read, write };

  /// f(Connection&) with a session of the pool. What libpqxx throws becomes the store's errors. Contention is repeated;
  /// so is a read that found its idle session dead.
  template <class F>
  std::invoke_result_t<F, Connection&> with_session(Access access, F f);
  /// The same for a verb that may be repeated: finds out what became of it by doing it again.
  template <class F>
  std::invoke_result_t<F, Connection&> with_session_until_known(F f);

  void run_due_errands();

  std::vector<ClaimedActivity> claim_unlimited(WorkerId worker, const std::vector<std::string>& order, int limit);
  // limited_claims.cpp
  std::vector<ClaimedActivity> claim_limited(WorkerId worker, const std::vector<std::string>& queues, int limit);
  enum class NextLook { none, at_once, soon };
  NextLook claim_limited_once(Connection& session, WorkerId worker, const std::vector<std::string>& queues, int limit,
                              std::vector<ClaimedActivity>& tasks);
  void ring_limits(std::span<const ActivityOutcome> outcomes);
  // limits.cpp
  void ring_limit(const LimitName& limit);
  void explain_waiting(Connection& session, std::vector<PendingActivity>& tasks);

  PostgresOptions options_;
  ConnectionPool pool_;
  SharedBounds bounds_;
  KnownLimits known_limits_;
  std::atomic<int> expect_taken_ids_ = 0;     ///< batches of starts that do so, see starts.cpp
  std::atomic<std::size_t> claims_made_ = 0;  ///< of activities
};

template <class F>
std::invoke_result_t<F, Connection&> PostgresStore::with_session(Access access, F f) {
  constexpr int kAttempts = 6;
  for (int attempt = 1;; ++attempt) {
    const auto session = pool_.acquire();
    try {
      try {
        return f(*session);
      } catch (const pqxx::pqxx_exception&) {
        rethrow(*session, access == Access::write);
      }
    } catch (const Contention&) {
      if (attempt == kAttempts) throw;
    } catch (const Unavailable&) {
      if (!session.reused() || attempt == kAttempts) throw;
    }
    if (!session->broken()) std::this_thread::sleep_for(std::chrono::milliseconds(attempt * attempt));
  }
}

template <class F>
std::invoke_result_t<F, Connection&> PostgresStore::with_session_until_known(F f) {
  const auto deadline = std::chrono::steady_clock::now() + options_.in_doubt_timeout;
  try {
    return with_session(Access::write, f);
  } catch (const InDoubt&) {
    for (;;) {
      try {
        return with_session(Access::write, f);
      } catch (const InDoubt&) {
        if (std::chrono::steady_clock::now() >= deadline) throw;
      } catch (const Unavailable& error) {
        if (std::chrono::steady_clock::now() >= deadline) throw InDoubt(error.what());
      }
    }
  }
}

}  // namespace holdfast::store::postgres
