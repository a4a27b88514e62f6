#pragma once

#include <functional>
#include <memory>

#include <holdfast/store/store.hpp>

namespace holdfast::store {

struct MemoryStoreOptions {
  /// The store's clock; unset: the system's. Called under the store's lock, from any thread.
  std::function<Timestamp()> now;
};

/// The store's contract in memory, for tests and the testing environment: everything is lost with the object, and
/// BusinessTransaction::postgres() throws std::logic_error. One mutex guards it all.
/// Sessions, transactions and listeners must not outlive it.
class MemoryStore final : public Store,
                          private ScheduleStore,
                          private LimitStore,
                          private UpdateStore,
                          private QueryStore {
 public:
  explicit MemoryStore(MemoryStoreOptions options = {});
  ~MemoryStore() override;

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

  /// The earliest instant at which something becomes due by time alone: a run, a task, a timeout. nullopt: nothing
  /// ever will. For tests that skip time. Leases do not count.
  std::optional<Timestamp> next_due();

 private:
  std::unique_ptr<struct MemoryTables> tables_;
};

}  // namespace holdfast::store
