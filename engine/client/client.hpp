#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/client/errors.hpp>
#include <holdfast/client/options.hpp>
#include <holdfast/core/codec.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/store/errors.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

namespace holdfast::store {
class Store;
}

namespace holdfast::client {

template <class Out>
class RunHandle;
template <class Out>
class UpdateHandle;

/// Starts workflows, talks to them and waits for their results. Holds no coroutine: this half of Holdfast also builds
/// with g++ 12. Copies are cheap and share one state. Thread-safe; the last copy must not be destroyed while a call
/// on it is going on.
///
/// Unless said otherwise every call is one transaction: when it returns, its effect is durable. Besides the errors
/// named at each call, all of them throw what the store throws: store::Unavailable (nothing happened, try again),
/// store::InvalidArgument, store::SchemaMismatch, store::StatementFailed.
class Client {
 public:
  explicit Client(std::shared_ptr<store::Store> store, ClientOptions options = {});
  /// Over a store that the caller owns and keeps longer than every copy of this client.
  explicit Client(store::Store& store, ClientOptions options = {});
  /// Over a store of its own; see store/postgres for pools and other settings. `database_url` is a libpq connection
  /// string or URI; empty: the PG* environment variables.
  static Client connect(const std::string& database_url, ClientOptions options = {});

  // --- typed ------------------------------------------------------------------------------------------------------

  /// Starts a run. Throws AlreadyStartedError when the policies in `options` forbid it.
  template <class In, class Out>
  RunHandle<Out> start(const WorkflowType<In, Out>& type, std::string workflow_id,
                       const std::type_identity_t<In>& input, StartOptions options = {}) const {
    return {*this, start_json(request(type, std::move(workflow_id), input, std::move(options)))};
  }

  /// The same inside the caller's libpqxx transaction: the run exists if and only if that transaction commits. Sends
  /// no hint; call wake() after the commit, or leave it to polling.
  template <class In, class Out>
  RunHandle<Out> start_in(pqxx::transaction_base& transaction, const WorkflowType<In, Out>& type,
                          std::string workflow_id, const std::type_identity_t<In>& input,
                          StartOptions options = {}) const {
    return {*this, start_json_in(transaction, request(type, std::move(workflow_id), input, std::move(options)))};
  }

  /// The request that start() makes, for start_many() and for adapters.
  template <class In, class Out>
  static StartRequest request(const WorkflowType<In, Out>& type, std::string workflow_id,
                              const std::type_identity_t<In>& input, StartOptions options = {}) {
    if (options.task_queue.empty()) options.task_queue = type.task_queue;
    return {type.name, std::move(workflow_id), encode(input), std::move(options)};
  }

  /// Delivers a signal to the open run of a workflow id. Throws NotFoundError, RunClosedError.
  template <class T>
  void signal(std::string_view workflow_id, const Signal<T>& signal, const std::type_identity_t<T>& value,
              SignalOptions options = {}) const {
    signal_json(key(workflow_id), signal.name, encode(value), std::move(options));
  }
  /// The same inside the caller's transaction. Sends no hint.
  template <class T>
  void signal_in(pqxx::transaction_base& transaction, std::string_view workflow_id, const Signal<T>& signal,
                 const std::type_identity_t<T>& value, SignalOptions options = {}) const {
    signal_json_in(transaction, key(workflow_id), signal.name, encode(value), std::move(options));
  }

  /// Sends an update to the open run of a workflow id and waits until it is accepted (or what `options` say). Throws
  /// UpdateRejectedError, UpdateTimeoutError (it goes on), UpdateLimitError, NotFoundError, RunClosedError. Repeating
  /// it with the same update id changes nothing, and answers for the first one.
  template <class In, class Out>
  UpdateHandle<Out> update(std::string_view workflow_id, const Update<In, Out>& update,
                           const std::type_identity_t<In>& input, UpdateOptions options = {}) const {
    return {*this, update_json(key(workflow_id), update.name, encode(input), std::move(options))};
  }
  /// The same inside the caller's transaction: it is admitted if and only if that commits. Does not wait (the handle
  /// does, after the commit), and sends no hint. After a start_in of the same transaction: start and update are one.
  template <class In, class Out>
  UpdateHandle<Out> update_in(pqxx::transaction_base& transaction, std::string_view workflow_id,
                              const Update<In, Out>& update, const std::type_identity_t<In>& input,
                              UpdateOptions options = {}) const {
    return {*this, update_json_in(transaction, key(workflow_id), update.name, encode(input), std::move(options))};
  }
  /// A handle to an update that was sent before. Throws NotFoundError.
  template <class In, class Out>
  UpdateHandle<Out> find_update(const Update<In, Out>&, std::string_view workflow_id,
                                std::string_view update_id) const {
    return {*this, update_state(key(workflow_id), update_id)};
  }

  /// Asks a run about itself: the open or newest run of a workflow id, closed ones too. The answer has seen what was
  /// committed before, signals and updates included. A worker must be alive that serves the run's queue and knows its
  /// type. Throws QueryFailedError, QueryTimeoutError (`timeout`: at most an hour), NotFoundError, CodecError.
  template <class In, class Out>
  Out query(std::string_view workflow_id, const Query<In, Out>& query, const std::type_identity_t<In>& input,
            Duration timeout = std::chrono::seconds(10)) const {
    return decode<Out>(query_json(key(workflow_id), query.name, encode(input), timeout));
  }

  /// A handle to a run that was started elsewhere: the open or newest run of a workflow id. Throws NotFoundError.
  template <class In, class Out>
  RunHandle<Out> find(const WorkflowType<In, Out>&, std::string_view workflow_id) const {
    return {*this, StartedRun{exact(key(workflow_id)), true}};
  }

  // --- by names and JSON text -------------------------------------------------------------------------------------

  StartedRun start_json(const StartRequest& request) const;
  StartedRun start_json_in(pqxx::transaction_base& transaction, const StartRequest& request) const;
  /// Starts a batch in one round trip and one transaction. Results in the order of the requests; a run that the
  /// policies forbid is reported there and does not disturb the others. Bad values throw, and then nothing started.
  std::vector<store::StartResult> start_many(std::span<const StartRequest> requests) const;
  /// The same inside the caller's transaction. Sends no hint.
  std::vector<store::StartResult> start_many_in(pqxx::transaction_base& transaction,
                                                std::span<const StartRequest> requests) const;

  void signal_json(const store::RunKey& run, std::string_view signal, Payload input = "{}",
                   SignalOptions options = {}) const;
  void signal_json_in(pqxx::transaction_base& transaction, const store::RunKey& run, std::string_view signal,
                      Payload input = "{}", SignalOptions options = {}) const;

  store::UpdateState update_json(const store::RunKey& run, std::string_view update, Payload input = "{}",
                                 UpdateOptions options = {}) const;
  store::UpdateState update_json_in(pqxx::transaction_base& transaction, const store::RunKey& run,
                                    std::string_view update, Payload input = "{}", UpdateOptions options = {}) const;
  /// Errors as for query().
  Payload query_json(const store::RunKey& run, std::string_view query, Payload input = "{}",
                     Duration timeout = std::chrono::seconds(10)) const;
  /// Where an update of the run's chain stands. Throws NotFoundError.
  store::UpdateState update_state(const store::RunKey& run, std::string_view update_id) const;
  /// Waits, without busy polling, until the update is accepted (or completed), or has ended otherwise; nullopt: not
  /// yet.
  std::optional<store::UpdateState> wait_update(const store::UpdateState& update, store::UpdateStage stage,
                                                Duration timeout) const;
  /// The result of an update as JSON text. Throws UpdateFailedError, UpdateRejectedError, UpdateTimeoutError,
  /// RunClosedError (it ended before it took it up), NotFoundError (nobody committed it).
  Payload update_result_json(const store::UpdateState& update, Duration timeout) const;

  /// Asks the run to end: its code sees the cancellation and may clean up. Throws NotFoundError, RunClosedError.
  void cancel(const store::RunKey& run, std::string_view reason = "") const;
  /// Ends the run at once, without running its code. Throws NotFoundError, RunClosedError.
  void terminate(const store::RunKey& run, std::string_view reason = "") const;

  /// Throws NotFoundError.
  store::RunDescription describe(const store::RunKey& run) const;
  std::vector<store::PendingActivity> pending_activities(const Uuid& run_id) const;
  /// Newest first. Pages: pass the last run id of a page as `filter.before`.
  std::vector<store::RunSummary> list(const store::ListFilter& filter) const;
  /// How many runs there are, and by what: visibility::parse_group_by reads the column from text.
  store::RunCount count(const store::ListFilter& filter, const std::optional<visibility::Column>& group_by = {}) const;
  /// The events from `first` on, at most `limit` history rows. Throws NotFoundError for an unknown run.
  std::vector<HistoryRow> history(const store::RunKey& run, EventId first = 1, int limit = 1000) const;

  /// Waits for the end of a run, without busy polling: the result as JSON text. A run that continued as new ends with
  /// the last run of its chain. Throws WorkflowFailedError when it ended otherwise, ResultTimeoutError when it is still
  /// open after `timeout`, NotFoundError when there is none.
  Payload result_json(const store::RunKey& run, Duration timeout) const;
  /// The same, but any end is an answer; nullopt: still open.
  std::optional<store::ClosedRun> wait_closed(const store::RunKey& run, Duration timeout) const;

  /// Tells the workers of a task queue to look now: after the commit of a start_in or signal_in. A hint, never needed.
  void wake(std::string_view task_queue) const;
  /// Sends any hint, such as "s:*" for schedules.
  void hint(std::string_view text) const;

  /// In the client's namespace.
  store::RunKey key(std::string_view workflow_id) const;
  store::RunKey key(const Uuid& run_id) const;
  /// Fills in the run id that `run` means now. Throws NotFoundError.
  store::RunKey exact(const store::RunKey& run) const;

  store::Store& store() const;
  const ClientOptions& options() const;

 private:
  struct Impl;
  static void throw_if_rejected(const store::UpdateState& update);
  void deliver(const store::NewMessage& message, const std::string& task_queue) const;
  store::NewRun new_run(const StartRequest& request) const;
  std::shared_ptr<Impl> impl_;
};

/// One run of a known type. A value; keeps its client alive.
template <class Out>
class RunHandle {
 public:
  RunHandle(Client client, StartedRun started) : client_(std::move(client)), started_(std::move(started)) {}

  const std::string& workflow_id() const { return started_.run.workflow_id; }
  const Uuid& run_id() const { return started_.run.run_id; }
  /// True when the start found this run open, instead of making it.
  bool existing() const { return started_.existing; }

  /// Waits for the result. Errors as for Client::result_json; CodecError when the result is not an Out.
  Out result(Duration timeout) const { return decode<Out>(client_.result_json(started_.run, timeout)); }

  template <class T>
  void signal(const Signal<T>& signal, const std::type_identity_t<T>& value, SignalOptions options = {}) const {
    client_.signal_json(started_.run, signal.name, encode(value), std::move(options));
  }
  /// Errors as for Client::update.
  template <class UpdateIn, class UpdateOut>
  UpdateHandle<UpdateOut> update(const Update<UpdateIn, UpdateOut>& update, const std::type_identity_t<UpdateIn>& input,
                                 UpdateOptions options = {}) const {
    return {client_, client_.update_json(started_.run, update.name, encode(input), std::move(options))};
  }
  /// Errors as for Client::query; of exactly this run.
  template <class QueryIn, class QueryOut>
  QueryOut query(const Query<QueryIn, QueryOut>& query, const std::type_identity_t<QueryIn>& input,
                 Duration timeout = std::chrono::seconds(10)) const {
    return decode<QueryOut>(client_.query_json(started_.run, query.name, encode(input), timeout));
  }
  void cancel(std::string_view reason = "") const { client_.cancel(started_.run, reason); }
  void terminate(std::string_view reason = "") const { client_.terminate(started_.run, reason); }
  store::RunDescription describe() const { return client_.describe(started_.run); }

 private:
  Client client_;
  StartedRun started_;
};

/// An update that was sent. A value; keeps its client alive.
template <class Out>
class UpdateHandle {
 public:
  UpdateHandle(Client client, store::UpdateState sent) : client_(std::move(client)), sent_(std::move(sent)) {}

  const std::string& update_id() const { return sent_.key.update_id; }
  /// Where it stood when the call that gave this handle returned.
  const store::UpdateState& state() const { return sent_; }
  /// Waits for the result. Errors as for Client::update_result_json; CodecError when the result is not an Out.
  Out result(Duration timeout) const { return decode<Out>(client_.update_result_json(sent_, timeout)); }

 private:
  Client client_;
  store::UpdateState sent_;
};

}  // namespace holdfast::client
