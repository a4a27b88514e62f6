#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/client/client.hpp>
#include <holdfast/core/uuid.hpp>
#include <ingress/batch_threads.hpp>
#include <ingress/database_session.hpp>
#include <ingress/vapi_message.hpp>

namespace platform::ingress {

struct VapiEvent {
  holdfast::Uuid organization_id;
  VapiMessage message;
  std::string body;  ///< exactly the bytes that were signed
};

struct FiledEvent {
  bool is_new = true;    ///< false: a repeated delivery; nothing was written or started
  bool started = false;  ///< it started a run
};

/// Files events and starts their workflows: both in one transaction, many callers to a transaction when they come at
/// once. One event that cannot be filed does not fail its neighbours. Thread-safe.
class EventWriter {
 public:
  EventWriter(const DatabaseOptions& database, int connections, holdfast::client::Client client);

  /// Returns when the event is durable. Throws Unavailable, also when there is no answer within `timeout` (then it may
  /// be durable all the same, and a repetition will be a duplicate); UnknownOrganization; BadMessage.
  FiledEvent file(VapiEvent event, std::chrono::milliseconds timeout);

  std::int64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  std::int64_t events() const { return events_.load(std::memory_order_relaxed); }

 private:
  using Threads = BatchThreads<VapiEvent, FiledEvent>;
  using Batch = std::vector<Threads::Job*>;

  void process(DatabaseSession& session, std::vector<Threads::Job>& jobs);
  std::vector<FiledEvent> commit(DatabaseSession& session, const Batch& batch);
  void commit_alone(DatabaseSession& session, Threads::Job& job);
  void answer(const Batch& batch, const std::vector<FiledEvent>& filed);

  const holdfast::client::Client client_;
  std::atomic<std::int64_t> commits_ = 0, events_ = 0;
  std::vector<std::unique_ptr<DatabaseSession>> sessions_;  // one per thread
  Threads threads_;                                         // last: ends first
};

}  // namespace platform::ingress
