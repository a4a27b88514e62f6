#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <holdfast/store/memory/memory_store.hpp>

namespace holdfast::client::test {

/// A memory store that counts what the client asks of it and can be made to fail. Only the verbs that the client uses
/// with that in mind are intercepted.
class ForwardingStore final : public store::Store {
 public:
  store::MemoryStore inner;
  std::atomic<int> closed_runs_calls = 0;
  std::atomic<int> listen_calls = 0;
  std::atomic<bool> deaf = false;            ///< hints reach nobody
  std::function<void()> before_closed_runs;  ///< may throw; set before use
  std::function<void()> before_notify;       ///< may block or throw; set before use

  std::vector<std::string> hints() {
    const std::lock_guard lock(mutex_);
    return hints_;
  }
  int notify_calls() {
    const std::lock_guard lock(mutex_);
    return notify_calls_;
  }
  /// Waits until `hint` was sent.
  bool saw_hint(const std::string& hint, std::chrono::seconds limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return notified_.wait_for(lock, limit, [&] { return std::ranges::find(hints_, hint) != hints_.end(); });
  }

  std::vector<store::StartResult> start_runs(std::span<const store::NewRun> runs) override {
    return inner.start_runs(runs);
  }
  std::vector<store::SendStatus> send_messages(std::span<const store::NewMessage> messages) override {
    return inner.send_messages(messages);
  }
  store::SendStatus terminate_run(const store::RunKey& run, std::string_view reason,
                                  std::string_view identity) override {
    return inner.terminate_run(run, reason, identity);
  }
  std::optional<store::RunDescription> describe_run(const store::RunKey& run) override {
    return inner.describe_run(run);
  }
  std::vector<store::ClosedRun> closed_runs(std::span<const Uuid> run_ids) override {
    ++closed_runs_calls;
    if (before_closed_runs) before_closed_runs();
    return inner.closed_runs(run_ids);
  }
  store::ScheduleStore& schedules() override { return inner.schedules(); }
  store::LimitStore& limits() override { return inner.limits(); }

  store::QueryStore& queries() override { return inner.queries(); }
  store::UpdateStore& updates() override { return inner.updates(); }
  std::vector<store::RunSummary> list_runs(const store::ListFilter& filter) override { return inner.list_runs(filter); }
  store::RunCount count_runs(const store::ListFilter& filter,
                             const std::optional<visibility::Column>& group_by) override {
    return inner.count_runs(filter, group_by);
  }
  std::vector<HistoryRow> read_history(const Uuid& run_id, EventId first, int limit) override {
    return inner.read_history(run_id, first, limit);
  }
  std::vector<store::PendingActivity> pending_activities(const Uuid& run_id) override {
    return inner.pending_activities(run_id);
  }
  store::WorkerId register_worker(const store::WorkerInfo& info) override { return inner.register_worker(info); }
  std::vector<store::WorkerId> renew_leases(std::span<const store::WorkerId> workers, Duration lease) override {
    return inner.renew_leases(workers, lease);
  }
  void release_worker(store::WorkerId worker) override { inner.release_worker(worker); }
  store::TakeoverReport take_over_expired(int quarantine_after) override {
    return inner.take_over_expired(quarantine_after);
  }
  std::vector<store::WorkerDescription> list_workers() override { return inner.list_workers(); }
  std::vector<store::QueueDescription> list_queues() override { return inner.list_queues(); }
  store::Readiness peek(std::span<const store::WorkerId> workers, std::span<const std::string> queues) override {
    return inner.peek(workers, queues);
  }
  std::unique_ptr<store::LaneSession> open_lane(store::WorkerId worker) override { return inner.open_lane(worker); }
  std::vector<store::ClaimedActivity> claim_activities(store::WorkerId worker, std::span<const std::string> queues,
                                                       int limit) override {
    return inner.claim_activities(worker, queues, limit);
  }
  std::vector<store::ClaimedActivity> owned_activities(store::WorkerId worker) override {
    return inner.owned_activities(worker);
  }
  store::FinishReport finish_activities(std::span<const store::ActivityOutcome> outcomes) override {
    return inner.finish_activities(outcomes);
  }
  std::vector<store::ActivityKey> heartbeat_activities(store::WorkerId worker,
                                                       std::span<const store::Heartbeat> beats) override {
    return inner.heartbeat_activities(worker, beats);
  }
  std::vector<store::ExpiredActivity> claim_expired_activities(store::WorkerId worker, int limit) override {
    return inner.claim_expired_activities(worker, limit);
  }
  void notify(std::span<const std::string> hints) override {
    if (before_notify) before_notify();
    {
      const std::lock_guard lock(mutex_);
      ++notify_calls_;
      hints_.insert(hints_.end(), hints.begin(), hints.end());
    }
    notified_.notify_all();
    if (!deaf) inner.notify(hints);
  }
  std::unique_ptr<store::Listener> listen() override {
    ++listen_calls;
    return inner.listen();
  }
  Timestamp now() override { return inner.now(); }
  void maintain() override { inner.maintain(); }

 private:
  std::mutex mutex_;
  std::condition_variable notified_;
  std::vector<std::string> hints_;
  int notify_calls_ = 0;
};

}  // namespace holdfast::client::test
