#pragma once

#include "store_contract.hpp"

namespace holdfast::test {

/// Base of the suites about activity tasks.
class ActivityContract : public StoreContract {
 protected:
  using Kind = store::ActivityOutcome::Kind;
  const std::vector<std::string> payments_{"payments"};

  std::vector<store::ClaimedActivity> claim_tasks(const Worker& worker, int limit = 10) {
    return store().claim_activities(worker.id, payments_, limit);
  }
  store::ActivityOutcome outcome(Kind kind, const store::ActivityKey& key, store::WorkerId worker) {
    store::ActivityOutcome out;
    out.key = key;
    out.worker = worker;
    out.kind = kind;
    out.result = R"({"ok":"\u0000"})";
    out.failure.type = "Declined";
    out.failure.message = "no money";
    out.retry_state = RetryState::maximum_attempts_reached;
    return out;
  }
  int finish(const store::ActivityOutcome& outcome) { return store().finish_activities({&outcome, 1}).dropped; }
  /// Time passes, and the worker stays alive.
  void advance_alive(const Worker& worker, Duration by) {
    advance(by);
    ASSERT_TRUE(renews(worker, std::chrono::hours(1)));
  }
  Failure busy() {
    Failure failure;
    failure.message = "busy";
    return failure;
  }
};

}  // namespace holdfast::test
