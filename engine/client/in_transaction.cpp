// The verbs that ride in a transaction of the caller. They call the functions of schema/engine that the store's own
// start and send verbs are built on, so both have the same rules.
#include <holdfast/client/client.hpp>

#include <pqxx/transaction_base>
#include <pqxx/result>

#include <holdfast/client/answers.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::client {
namespace {

constexpr const char* kStart =
    "SELECT outcome, run_id FROM holdfast.start_run($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::json,"
    " $7::jsonb, $8::jsonb, $9::smallint, $10::bigint * interval '1 microsecond',"
    " $11::bigint * interval '1 microsecond', $12::text, $13::text)";

constexpr const char* kDeliver =
    "SELECT holdfast.deliver_message($1::text, $2::text, $3::uuid, $4::text, $5::text, $6::json, $7::uuid)";

/// A parameter that may be NULL.
class Nullable {
 public:
  Nullable(std::string text, bool present) : text_(std::move(text)), present_(present) {}
  const char* get() const { return present_ ? text_.c_str() : nullptr; }

 private:
  std::string text_;
  bool present_;
};

Nullable text_or_null(const std::string& text) { return {text, !text.empty()}; }
Nullable count_or_null(const std::optional<Duration>& value) {
  return {value ? std::to_string(value->count()) : "", value.has_value()};
}

const char* name(store::IdReusePolicy policy) {
  switch (policy) {
    case store::IdReusePolicy::allow_duplicate: return "allow_duplicate";
    case store::IdReusePolicy::allow_duplicate_failed_only: return "allow_duplicate_failed_only";
    case store::IdReusePolicy::reject_duplicate: return "reject_duplicate";
  }
  return "";
}

const char* name(store::IdConflictPolicy policy) {
  switch (policy) {
    case store::IdConflictPolicy::fail: return "fail";
    case store::IdConflictPolicy::use_existing: return "use_existing";
    case store::IdConflictPolicy::terminate_existing: return "terminate_existing";
  }
  return "";
}

store::StartStatus parse_start_status(const std::string& text) {
  if (text == "started") return store::StartStatus::started;
  if (text == "already_running") return store::StartStatus::already_running;
  if (text == "used_existing") return store::StartStatus::used_existing;
  return store::StartStatus::rejected;
}

store::SendStatus parse_send_status(const std::string& text) {
  if (text == "sent") return store::SendStatus::sent;
  return text == "closed" ? store::SendStatus::closed : store::SendStatus::not_found;
}

}  // namespace

StartedRun Client::start_json_in(pqxx::transaction_base& transaction, const StartRequest& request) const {
  const auto run = new_run(request);
  store::validate(std::span(&run, 1));
  const auto rows = transaction.exec_params(
      kStart, run.run_id.to_string(), run.namespace_, run.workflow_id, run.workflow_type, run.task_queue, run.input,
      text_or_null(run.memo).get(), text_or_null(run.search_attributes).get(), run.priority,
      count_or_null(run.start_delay).get(), count_or_null(run.execution_timeout).get(), name(run.reuse),
      name(run.conflict));
  const store::StartResult result{parse_start_status(rows.at(0).at(0).as<std::string>()),
                                  Uuid::parse(rows.at(0).at(1).as<std::string>())};
  return started_or_throw(run, result);
}

void Client::signal_json_in(pqxx::transaction_base& transaction, const store::RunKey& run, std::string_view signal,
                            Payload input, SignalOptions options) const {
  const auto message = signal_message(run, signal, std::move(input), options);
  store::validate(std::span(&message, 1));
  const Nullable run_id(run.run_id.to_string(), !run.run_id.is_nil());
  const auto rows = transaction.exec_params(kDeliver, run.namespace_, run.workflow_id, run_id.get(), "signal",
                                            message.name, message.payload, message.message_id.to_string());
  sent_or_throw(parse_send_status(rows.at(0).at(0).as<std::string>()), run, "signal");
}

}  // namespace holdfast::client
