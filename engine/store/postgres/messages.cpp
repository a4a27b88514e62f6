#include <holdfast/store/postgres/messages.hpp>

#include <algorithm>
#include <functional>

#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

const Statement kSendMessages{"send_messages", R"sql(
SELECT holdfast.deliver_message(m.namespace, m.workflow_id, m.run_id, m.kind, m.name, m.payload, m.message_id)
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::json[], $7::uuid[])
         AS m (namespace, workflow_id, run_id, kind, name, payload, message_id))sql"};

const Statement kTerminateRun{"terminate_run", R"sql(
SELECT holdfast.terminate_workflow($1, $2, $3, nullif($4::uuid, '00000000-0000-0000-0000-000000000000')))sql"};

namespace {

using Run = std::function<pqxx::result(const Statement&, const Parameters&)>;

SendStatus parse_send_status(std::string_view text) {
  if (text == "sent") return SendStatus::sent;
  return text == "closed" ? SendStatus::closed : SendStatus::not_found;
}

std::optional<Uuid> unless_nil(const Uuid& id) { return id.is_nil() ? std::nullopt : std::optional(id); }

std::vector<SendStatus> send(std::span<const NewMessage> messages, const Run& run) {
  // Two senders lock the runs in the same order; messages to one run keep theirs.
  std::vector<std::size_t> order(messages.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const RunKey& left = messages[a].to;
    const RunKey& right = messages[b].to;
    return std::tie(left.namespace_, left.workflow_id, left.run_id, a) <
           std::tie(right.namespace_, right.workflow_id, right.run_id, b);
  });
  const auto of = [&](std::uint32_t type, auto get) {
    return array_of(type, order, [&](std::size_t i) { return get(messages[i]); });
  };
  Parameters parameters;
  parameters.push_back(of(oid::kText, [](const NewMessage& m) { return std::string_view(m.to.namespace_); }));
  parameters.push_back(of(oid::kText, [](const NewMessage& m) { return unless_empty(m.to.workflow_id); }));
  parameters.push_back(of(oid::kUuid, [](const NewMessage& m) { return unless_nil(m.to.run_id); }));
  parameters.push_back(of(oid::kText, [](const NewMessage& m) { return to_string(m.kind); }));
  parameters.push_back(of(oid::kText, [](const NewMessage& m) { return std::string_view(m.name); }));
  parameters.push_back(of(oid::kJson, [](const NewMessage& m) { return std::string_view(m.payload); }));
  parameters.push_back(of(oid::kUuid, [](const NewMessage& m) { return m.message_id; }));
  const auto rows = run(kSendMessages, parameters);
  std::vector<SendStatus> out(messages.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    out[order[i]] = parse_send_status(view(rows[static_cast<pqxx::result::size_type>(i)][0]));
  }
  return out;
}

}  // namespace

Message read_message(const pqxx::row& row, pqxx::row::size_type first) {
  Message message;
  message.inbox_id = integer(row[first]);
  message.kind = parse_message_kind(view(row[first + 1]));
  message.name = text(row[first + 2]);
  message.payload = text(row[first + 3]);
  message.message_id = uuid(row[first + 4]);
  message.seq = static_cast<CommandSeq>(integer(row[first + 5]));
  message.attempt = small(row[first + 6]);
  return message;
}

std::vector<SendStatus> PostgresStore::send_messages(std::span<const NewMessage> messages) {
  validate(messages);
  if (messages.empty()) return {};
  return with_session_until_known([&](Connection& session) {
    return send(messages, [&](const Statement& statement, const Parameters& p) { return session.run(statement, p); });
  });
}

SendStatus PostgresStore::terminate_run(const RunKey& run, std::string_view reason, std::string_view identity) {
  validate_termination(run, reason, identity);
  return with_session(Access::write, [&](Connection& session) {
    const auto rows = session.run(kTerminateRun, {text_parameter(run.workflow_id), text_parameter(reason),
                                                  text_parameter(run.namespace_), uuid_parameter(run.run_id)});
    return parse_send_status(view(rows[0][0]));
  });
}

}  // namespace holdfast::store::postgres

namespace holdfast::store {

std::vector<SendStatus> send_messages_in(pqxx::transaction_base& transaction, std::span<const NewMessage> messages) {
  validate(messages);
  if (messages.empty()) return {};
  return postgres::send(messages, [&](const postgres::Statement& statement, const postgres::Parameters& parameters) {
    return postgres::run_unprepared(transaction, statement, parameters);
  });
}

}  // namespace holdfast::store
