#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <holdfast/store/store.hpp>

namespace holdfast::test {

/// One store under test, empty, with a clock that tests can move.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual store::Store& store() = 0;
  /// Lets time pass: everything that is stored becomes older by `by`.
  virtual void advance(Duration by) = 0;
};

struct Backend {
  std::string name;
  std::function<std::unique_ptr<StoreHarness>()> make;
};
std::ostream& operator<<(std::ostream& out, const Backend& backend);

/// Every implementation of the contract.
std::vector<Backend> store_backends();

/// Base of the contract's suites: one empty store per test, and the few words that the tests are written in.
class StoreContract : public testing::TestWithParam<Backend> {
 protected:
  StoreContract() : harness_(GetParam().make()) {}

  store::Store& store() { return harness_->store(); }
  void advance(Duration by) { harness_->advance(by); }

  Uuid new_id();
  store::NewRun new_run(std::string workflow_id = "order-1");
  /// Starts it; the run's id.
  Uuid start(const store::NewRun& run);
  Uuid start(std::string workflow_id = "order-1") { return start(new_run(std::move(workflow_id))); }
  store::StartResult start_one(const store::NewRun& run) { return store().start_runs({&run, 1}).at(0); }

  store::NewMessage signal_to(const Uuid& run_id, std::string name = "approve", Payload payload = "{}");
  store::SendStatus send(const store::NewMessage& message) { return store().send_messages({&message, 1}).at(0); }
  store::RunDescription describe(const Uuid& run_id);
  std::string whole_history(const Uuid& run_id);

  /// A worker with a lease of 5 s and one lane.
  struct Worker {
    store::WorkerId id;
    std::unique_ptr<store::LaneSession> lane;
  };
  Worker new_worker(std::vector<std::string> queues = {"default"});
  /// A worker whose lease is over, and what it had is free again.
  void kill(const Worker& worker, int quarantine_after = 100);
  /// Is its lease still its own? Then it ends in `lease` from now.
  bool renews(const Worker& worker, Duration lease = kLease);

  /// Claims in a transaction of its own.
  std::vector<store::ClaimedRun> claim(Worker& worker, int limit = 100, std::vector<std::string> queues = {"default"});
  void commit(Worker& worker, std::vector<store::RunCommit> runs);
  void commit(Worker& worker, store::RunCommit run);
  std::vector<store::RunMessages> collect(Worker& worker);
  std::vector<store::Message> messages_of(Worker& worker, const Uuid& run_id);

  /// Starts a run, claims it and writes its first event.
  Uuid start_owned(Worker& worker, std::string workflow_id = "order-1");
  static store::RunCommit step(const Uuid& run_id, EventId first_event, std::vector<Event> events,
                               store::NextState next = store::NextState::owned);
  static store::RunCommit closing(const Uuid& run_id, EventId first_event, Payload result = "\"done\"");
  static store::RunCommit parking(const Uuid& run_id, std::optional<Timestamp> ready_at = std::nullopt);

  static store::NewActivityTask new_task(CommandSeq seq, Timestamp scheduled_at);
  /// Puts a task of a new run into the table; the run stays owned by `worker`.
  Uuid start_with_task(Worker& worker, store::NewActivityTask task);
  store::ClaimedActivity claim_activity(const Worker& worker);

  static constexpr Duration kLease = std::chrono::seconds(5);

 private:
  std::unique_ptr<StoreHarness> harness_;
  std::uint64_t ids_ = 0;
};

/// The names of the parameters in test reports.
inline std::string backend_name(const testing::TestParamInfo<Backend>& info) { return info.param.name; }

#define HOLDFAST_ON_EVERY_STORE(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, testing::ValuesIn(store_backends()), backend_name)

/// JSON text is equal as a value: jsonb columns change spaces and order.
bool same_json(const std::string& a, const std::string& b);

}  // namespace holdfast::test
