#include <holdfast/client/answers.hpp>

#include <holdfast/client/errors.hpp>
#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/core/json_text.hpp>

namespace holdfast::client {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out;
  append_json_string_repaired(out, text);
  return out;
}

}  // namespace

std::string name_of(const store::RunKey& run) {
  if (run.workflow_id.empty()) return "run " + run.run_id.to_string();
  std::string out = "workflow " + in_quotes(run.workflow_id) + " in namespace " + in_quotes(run.namespace_);
  if (!run.run_id.is_nil()) out += ", run " + run.run_id.to_string();
  return out;
}

StartedRun started_or_throw(const store::NewRun& run, const store::StartResult& result) {
  using enum store::StartStatus;
  if (result.status == started || result.status == used_existing)
    return {{run.namespace_, run.workflow_id, result.run_id}, result.status == used_existing};
  const bool open = result.status == already_running;
  throw AlreadyStartedError("workflow " + in_quotes(run.workflow_id) +
                                (open ? " is already running as run " : " may not run again after run ") +
                                result.run_id.to_string(),
                            result.run_id, open);
}

void sent_or_throw(store::SendStatus status, const store::RunKey& run, std::string_view verb) {
  if (status == store::SendStatus::not_found) throw NotFoundError("there is no " + name_of(run));
  if (status == store::SendStatus::closed)
    throw RunClosedError("cannot " + std::string(verb) + " " + name_of(run) + ": it has ended");
}

store::UpdateState sent_or_throw(store::SentUpdate sent, const store::RunKey& run) {
  if (sent.status == store::SendStatus::too_many)
    throw UpdateLimitError(name_of(run) + " has " + std::to_string(store::kMaxOpenUpdates) +
                           " updates that are not completed; allowed: " + std::to_string(store::kMaxOpenUpdates));
  sent_or_throw(sent.status, run, "update");
  return std::move(sent.update);
}

store::NewUpdate new_update(const store::RunKey& run, std::string_view update, Payload input,
                            const UpdateOptions& options) {
  return {.to = run,
          .update_id = options.update_id.empty() ? new_uuid().to_string() : options.update_id,
          .name = std::string(update),
          .input = std::move(input)};
}

store::NewMessage signal_message(const store::RunKey& run, std::string_view signal, Payload input,
                                 const SignalOptions& options) {
  return {.to = run,
          .kind = store::MessageKind::signal,
          .name = std::string(signal),
          .payload = std::move(input),
          .message_id = options.message_id.is_nil() ? new_uuid() : options.message_id};
}

}  // namespace holdfast::client
