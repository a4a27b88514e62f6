#include <holdfast/core/continue_as_new.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/core/history_error.hpp>
#include <holdfast/core/workflow.hpp>

// Updates: who handles them, and what becomes of them.
namespace holdfast::detail {
namespace {

constexpr std::size_t kMostBytes = 8192;  // of an exception's words

Failure update_failure(std::string type, std::string message) {
  Failure failure;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.non_retryable = true;
  return failure;
}

Failure refusal_of_current_exception() {
  try {
    throw;
  } catch (const FailureError& e) {
    return e.failure();
  } catch (const ReadOnlyError& e) {
    return update_failure("ReadOnly", e.what());
  } catch (const std::exception& e) {
    return update_failure("Rejected", std::string(e.what()).substr(0, kMostBytes));
  } catch (...) {
    return update_failure("Rejected", "the validator threw something that is not a std::exception");
  }
}

Workflow<Nothing> run_update(Context ctx, std::string update_id, std::shared_ptr<const UpdateHandler> handler,
                             Payload input) {
  Payload result;
  std::optional<Failure> failure;
  try {
    result = co_await handler->run(ctx, std::move(input));
  } catch (const FailureError& e) {
    failure = e.failure();
  } catch (const ContinueAsNew&) {
    throw std::logic_error("the handler of an update cannot continue as new; let the workflow function do it");
  }
  ctx.state().complete_update(update_id, std::move(result), std::move(failure));
  co_return Nothing{};
}

}  // namespace

RunState::RunState() = default;
RunState::~RunState() = default;

void RunState::set_update_handler(const std::string& name, std::shared_ptr<const UpdateHandler> handler) {
  check_writable();
  update_handlers[name] = std::move(handler);
}

std::optional<Failure> RunState::refuse_update(const std::string& name, const Payload& input) {
  const auto found = update_handlers.find(name);
  if (found == update_handlers.end()) {
    std::string known;
    for (const auto& [other, handler] : update_handlers) known += (known.empty() ? "" : ", ") + other;
    return update_failure("UnknownUpdate", "workflow " + workflow_type + " has no handler for update " +
                                               name.substr(0, 255) + "; it has: " + (known.empty() ? "none" : known));
  }
  if (accepted_updates >= kMaxUpdates)
    return update_failure("TooManyUpdates", "the run has accepted " + std::to_string(accepted_updates) +
                                                " updates; a run may accept " + std::to_string(kMaxUpdates) +
                                                ", and then has to continue as new");
  const ReadOnly looking(*this, "a validator");
  try {
    found->second->check(input);
  } catch (...) {
    return refusal_of_current_exception();
  }
  return std::nullopt;
}

void RunState::begin_update(const std::string& update_id, const std::string& name, const Payload& input) {
  const auto handler = update_handlers.find(name);
  if (handler == update_handlers.end()) {
    nondeterminism = "event " + std::to_string(handled_event) + ": history says that update " + name +
                     " was accepted, the code has no handler for it";
    return;
  }
  if (updates.contains(update_id)) throw HistoryError("update " + update_id + " was accepted twice");
  ++open_updates;
  ++accepted_updates;
  auto update = std::make_unique<RunningUpdate>(run_update(Context(*this), update_id, handler->second, input));
  post(update->coroutine().handle(), 0);
  updates.emplace(update_id, std::move(update));
}

void RunState::complete_update(const std::string& update_id, Payload result, std::optional<Failure> failure) {
  --open_updates;
  if (inert() || match("WorkflowUpdateCompleted", 0, update_id) || inert()) return;
  issued.push_back(command::CompleteUpdate{update_id, std::move(result), std::move(failure)});
}

void RunState::reap_updates() {
  if (!nondeterminism.empty()) return;
  for (auto update = updates.begin(); update != updates.end();) {
    if (!update->second->coroutine().finished()) {
      ++update;
      continue;
    }
    update->second->coroutine().take();
    update = updates.erase(update);
  }
}

void RunState::fail_open_updates() {
  for (const auto& [update_id, update] : updates)
    complete_update(update_id, {},
                    update_failure("WorkflowUpdateNotCompleted", "the run ended before the update was completed"));
}

}  // namespace holdfast::detail
