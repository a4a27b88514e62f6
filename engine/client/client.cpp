#include <holdfast/client/client.hpp>

#include <unistd.h>

#include <algorithm>
#include <climits>

#include <holdfast/client/answers.hpp>
#include <holdfast/client/result_waiter.hpp>
#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/client/wake_notifier.hpp>
#include <holdfast/store/store.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::client {
namespace {

std::string this_process() {
  char host[HOST_NAME_MAX + 1] = "unknown-host";
  ::gethostname(host, sizeof host - 1);
  return "uid" + std::to_string(::getuid()) + "@" + host + ":" + std::to_string(::getpid());
}

/// A caller that means "for ever" must not wrap around.
ResultWaiter::Clock::time_point deadline_after(Duration timeout) {
  return ResultWaiter::Clock::now() + std::min<Duration>(timeout, std::chrono::hours(24 * 365));
}

[[noreturn]] void throw_not_reached(const store::UpdateState& update, store::UpdateStage stage, Duration timeout) {
  throw UpdateTimeoutError("update " + update.name + " (" + update.key.update_id + ") is not " +
                               std::string(to_string(stage)) + " after " +
                               std::to_string(std::chrono::duration<double>(timeout).count()) + " s; it is " +
                               std::string(to_string(update.stage)),
                           update);
}

std::string why_unanswered(const std::optional<store::OpenQuery>& query) {
  if (!query) return ": it was lost with a restart of the server";
  if (!query->note.empty()) return ": " + query->note;
  if (query->seen) return ": the worker that took it up has not answered";
  return ": no live worker serves queue " + query->task_queue + " and knows workflow type " + query->workflow_type +
         ", or it is busy";
}

}  // namespace

struct Client::Impl {
  Impl(std::shared_ptr<store::Store> the_store, ClientOptions the_options)
      : store(std::move(the_store)), options(std::move(the_options)), notifier(store), waiter(store, options.notify) {
    store::validate_name("namespace", options.namespace_);
    if (options.identity.empty()) options.identity = this_process();
    store::validate_name("identity", options.identity);
  }

  std::shared_ptr<store::Store> store;
  ClientOptions options;
  WakeNotifier notifier;
  ResultWaiter waiter;
};

Client::Client(std::shared_ptr<store::Store> store, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(store), std::move(options))) {}

Client::Client(store::Store& store, ClientOptions options)
    : Client(std::shared_ptr<store::Store>(std::shared_ptr<void>(), &store), std::move(options)) {}

store::Store& Client::store() const { return *impl_->store; }
const ClientOptions& Client::options() const { return impl_->options; }

store::RunKey Client::key(std::string_view workflow_id) const {
  return {options().namespace_, std::string(workflow_id), {}};
}
store::RunKey Client::key(const Uuid& run_id) const { return {options().namespace_, {}, run_id}; }

store::RunKey Client::exact(const store::RunKey& run) const {
  if (!run.run_id.is_nil()) return run;
  const auto description = describe(run);
  return {description.summary.namespace_, description.summary.workflow_id, description.summary.run_id};
}

// --- start ----------------------------------------------------------------------------------------------------------

store::NewRun Client::new_run(const StartRequest& request) const {
  const auto& wanted = request.options;
  return {
      .run_id = wanted.run_id.is_nil() ? new_uuid() : wanted.run_id,
      .namespace_ = wanted.namespace_.empty() ? options().namespace_ : wanted.namespace_,
      .workflow_id = request.workflow_id,
      .workflow_type = request.workflow_type,
      .task_queue = wanted.task_queue.empty() ? "default" : wanted.task_queue,
      .input = request.input,
      .memo = wanted.memo,
      .search_attributes = wanted.search_attributes,
      .priority = wanted.priority,
      .start_delay = wanted.start_delay,
      .execution_timeout = wanted.execution_timeout,
      .reuse = wanted.reuse,
      .conflict = wanted.conflict,
  };
}

StartedRun Client::start_json(const StartRequest& request) const {
  const auto run = new_run(request);
  const auto results = store().start_runs({&run, 1});
  const auto started = started_or_throw(run, results.at(0));
  if (!started.existing && !run.start_delay) wake(run.task_queue);
  return started;
}

std::vector<store::StartResult> Client::start_many(std::span<const StartRequest> requests) const {
  std::vector<store::NewRun> runs;
  runs.reserve(requests.size());
  for (const auto& request : requests) runs.push_back(new_run(request));
  if (runs.empty()) return {};
  auto results = store().start_runs(runs);
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (results.at(i).status == store::StartStatus::started && !runs[i].start_delay) wake(runs[i].task_queue);
  return results;
}

// --- messages -------------------------------------------------------------------------------------------------------

void Client::deliver(const store::NewMessage& message, const std::string& task_queue) const {
  const auto status = store().send_messages({&message, 1}).at(0);
  sent_or_throw(status, message.to, message.kind == store::MessageKind::signal ? "signal" : "cancel");
  wake(task_queue.empty() ? "*" : task_queue);
}

void Client::signal_json(const store::RunKey& run, std::string_view signal, Payload input,
                         SignalOptions options) const {
  deliver(signal_message(run, signal, std::move(input), options), options.task_queue);
}

store::UpdateState Client::update_json(const store::RunKey& run, std::string_view update, Payload input,
                                       UpdateOptions options) const {
  auto state = sent_or_throw(store().updates().send_update(new_update(run, update, std::move(input), options)), run);
  if (state.stage == store::UpdateStage::admitted) wake(options.task_queue.empty() ? "*" : options.task_queue);
  if (options.wait != store::UpdateStage::admitted) {
    auto reached = wait_update(state, options.wait, options.timeout);
    if (!reached) throw_not_reached(state, options.wait, options.timeout);
    state = std::move(*reached);
    throw_if_rejected(state);
  }
  return state;
}

store::UpdateState Client::update_state(const store::RunKey& run, std::string_view update_id) const {
  const auto description = describe(run);
  const auto& first = description.first_run_id;
  const store::UpdateKey key{first.is_nil() ? description.summary.run_id : first, std::string(update_id)};
  auto found = store().updates().read_updates({&key, 1});
  if (found.empty()) throw NotFoundError(name_of(run) + " has no update " + key.update_id);
  return std::move(found.front());
}

std::optional<store::UpdateState> Client::wait_update(const store::UpdateState& update, store::UpdateStage stage,
                                                      Duration timeout) const {
  const bool ended = stage == store::UpdateStage::completed;
  if (has_come_to(update, ended)) return update;
  if (auto reached = impl_->waiter.wait(update, ended, deadline_after(timeout))) return reached;
  // A last look, so that a short or zero timeout still finds what has long happened.
  auto found = store().updates().read_updates({&update.key, 1});
  if (found.empty() || !has_come_to(found.front(), ended)) return std::nullopt;
  return std::move(found.front());
}

void Client::throw_if_rejected(const store::UpdateState& update) {
  if (update.stage != store::UpdateStage::rejected) return;
  const auto why = update.failure ? holdfast::describe(*update.failure) : std::string("for no reason");
  const auto what = "update " + update.name + " (" + update.key.update_id + ")";
  if (update.failure && update.failure->type == "WorkflowClosed") throw RunClosedError(what + ": " + why);
  throw UpdateRejectedError(what + " was rejected: " + why, update);
}

Payload Client::update_result_json(const store::UpdateState& update, Duration timeout) const {
  auto ended = wait_update(update, store::UpdateStage::completed, timeout);
  if (!ended) {
    auto found = store().updates().read_updates({&update.key, 1});
    if (found.empty()) throw NotFoundError("there is no update " + update.key.update_id + ": nobody committed it");
    throw_not_reached(found.front(), store::UpdateStage::completed, timeout);
  }
  throw_if_rejected(*ended);
  if (!ended->failure) return std::move(ended->result);
  throw UpdateFailedError(
      "update " + ended->name + " (" + ended->key.update_id + ") failed: " + holdfast::describe(*ended->failure),
      *ended);
}

Payload Client::query_json(const store::RunKey& run, std::string_view query, Payload input, Duration timeout) const {
  const store::NewQuery asked{
      .query_id = new_uuid(), .to = run, .name = std::string(query), .input = std::move(input), .timeout = timeout};
  const auto deadline = deadline_after(timeout);
  if (store().queries().ask(asked) == store::SendStatus::not_found) throw NotFoundError("there is no " + name_of(run));
  hint("y:*");
  auto answer = impl_->waiter.wait_answer(asked.query_id, deadline);
  if (!answer) {
    // A last look, so that an answer of the last moment is not lost.
    auto answers = store().queries().read_answers({&asked.query_id, 1});
    if (!answers.empty()) answer = std::move(answers.front());
  }
  const auto open = store().queries().withdraw(asked.query_id);
  const auto what = "query " + asked.name + " to " + name_of(run);
  if (!answer) throw QueryTimeoutError(what + " was not answered in time" + why_unanswered(open));
  if (answer->failure)
    throw QueryFailedError(what + " failed: " + holdfast::describe(*answer->failure), *answer->failure);
  return std::move(answer->result);
}

void Client::cancel(const store::RunKey& run, std::string_view reason) const {
  deliver({.to = run,
           .kind = store::MessageKind::cancel,
           .name = std::string(reason),
           .payload = "{}",
           .message_id = new_uuid()},
          "");
}

void Client::terminate(const store::RunKey& run, std::string_view reason) const {
  sent_or_throw(store().terminate_run(run, reason, options().identity), run, "terminate");
}

void Client::wake(std::string_view task_queue) const { hint("q:" + std::string(task_queue)); }

void Client::hint(std::string_view text) const {
  if (impl_->options.notify) impl_->notifier.wake(text);
}

// --- reading --------------------------------------------------------------------------------------------------------

store::RunDescription Client::describe(const store::RunKey& run) const {
  auto description = store().describe_run(run);
  if (!description) throw NotFoundError("there is no " + name_of(run));
  return std::move(*description);
}

std::vector<store::PendingActivity> Client::pending_activities(const Uuid& run_id) const {
  return store().pending_activities(run_id);
}

store::RunCount Client::count(const store::ListFilter& filter,
                              const std::optional<visibility::Column>& group_by) const {
  return store().count_runs(filter, group_by);
}
std::vector<store::RunSummary> Client::list(const store::ListFilter& filter) const { return store().list_runs(filter); }

std::vector<HistoryRow> Client::history(const store::RunKey& run, EventId first, int limit) const {
  // By workflow id this finds the run; by run id it tells "no events yet" from "no such run".
  return store().read_history(describe(run).summary.run_id, first, limit);
}

std::optional<store::ClosedRun> Client::wait_closed(const store::RunKey& run, Duration timeout) const {
  const auto deadline = deadline_after(timeout);
  // A chain of continue-as-new ends with its last run, whichever of its runs was named.
  for (Uuid run_id = exact(run).run_id;;) {
    auto closed = impl_->waiter.wait(run_id, deadline);
    if (!closed) {
      // A last look, so that a short or zero timeout still finds what has long ended.
      auto ended = store().closed_runs({&run_id, 1});
      if (ended.empty()) return std::nullopt;
      closed = std::move(ended.front());
    }
    if (closed->next_run_id.is_nil()) return closed;
    run_id = closed->next_run_id;
  }
}

Payload Client::result_json(const store::RunKey& run, Duration timeout) const {
  auto closed = wait_closed(run, timeout);
  if (!closed) {
    const auto state = describe(run);  // throws NotFoundError: a run id that nobody committed
    throw ResultTimeoutError(name_of(run) + " is still running after " +
                             std::to_string(std::chrono::duration<double>(timeout).count()) + " s" +
                             (state.waiting_for.empty() ? "" : "; it waits for " + state.waiting_for));
  }
  if (closed->status == store::RunStatus::completed) return std::move(closed->result);
  std::string what = name_of(run) + " ended as " + std::string(to_string(closed->status));
  if (closed->failure) what += ": " + holdfast::describe(*closed->failure);
  throw WorkflowFailedError(what, std::move(*closed));
}

}  // namespace holdfast::client
