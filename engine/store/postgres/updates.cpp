#include <holdfast/store/postgres/updates.hpp>

#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

// The function is in schema/engine/0024_updates.sql: SQL users send with it as well.
const Statement kSendUpdate{"send_update",
                            R"sql(
SELECT outcome, chain, $4, of_run, its_name, its_stage, its_result, its_failure, )sql" HOLDFAST_MICROS(
                                "admitted") ", " HOLDFAST_MICROS("accepted") ", " HOLDFAST_MICROS("ended") R"sql(
  FROM holdfast.deliver_update($1, $2, nullif($3::uuid, '00000000-0000-0000-0000-000000000000'), $4, $5, $6::json,
                               $7::integer))sql"};

#define HOLDFAST_UPDATE_COLUMNS                                                                \
  "u.chain_id, u.update_id, u.run_id, u.name, u.stage, u.result, u.failure, " HOLDFAST_MICROS( \
      "u.admitted_at") ", " HOLDFAST_MICROS("u.accepted_at") ", " HOLDFAST_MICROS("u.ended_at")

const Statement kReadUpdates{"read_updates", "SELECT " HOLDFAST_UPDATE_COLUMNS R"sql(
  FROM unnest($1::uuid[], $2::text[]) AS k (chain_id, update_id)
 CROSS JOIN LATERAL (SELECT * FROM holdfast.updates u
                      WHERE u.shard = 0 AND u.chain_id = k.chain_id AND u.update_id = k.update_id LIMIT 1) u)sql"};

const Statement kOpenUpdates{"open_updates", "SELECT " HOLDFAST_UPDATE_COLUMNS R"sql(
  FROM holdfast.updates u WHERE u.shard = 0 AND u.run_id = $1::uuid AND (u.ended_at IS NULL) IS TRUE
 ORDER BY u.admitted_at, u.update_id)sql"};

// The run's live row is ours, so nobody else writes these.
const Statement kWriteUpdates{"write_updates", R"sql(
UPDATE holdfast.updates u
   SET stage = v.stage, result = v.result, failure = v.failure,
       accepted_at = CASE WHEN v.stage = 'rejected' THEN NULL ELSE coalesce(u.accepted_at, now()) END,
       ended_at = CASE WHEN v.stage = 'accepted' THEN NULL ELSE now() END
  FROM (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::json[], $5::json[])
                        AS v (run_id, update_id, stage, result, failure) LIMIT cardinality($1)) v
 WHERE u.shard = 0 AND u.run_id = v.run_id AND u.update_id = v.update_id AND (u.ended_at IS NULL) IS TRUE)sql"};

const Statement kEndUpdates{"end_updates", "SELECT holdfast.end_updates($1::uuid[])"};

namespace {

UpdateState read_update(const pqxx::row& row, pqxx::row::size_type first) {
  UpdateState update;
  update.key = {uuid(row[first]), text(row[first + 1])};
  update.run_id = uuid(row[first + 2]);
  update.name = text(row[first + 3]);
  update.stage = parse_update_stage(view(row[first + 4]));
  update.result = text(row[first + 5]);
  update.failure = optional_failure(row[first + 6]);
  update.admitted_at = time_of(row[first + 7]);
  update.accepted_at = optional_time(row[first + 8]);
  update.ended_at = optional_time(row[first + 9]);
  return update;
}

std::vector<UpdateState> read_all(const pqxx::result& rows) {
  std::vector<UpdateState> updates;
  updates.reserve(static_cast<std::size_t>(rows.size()));
  for (const auto& row : rows) updates.push_back(read_update(row, 0));
  return updates;
}

SendStatus status_of(std::string_view text) {
  if (text == "sent") return SendStatus::sent;
  if (text == "closed") return SendStatus::closed;
  return text == "too_many" ? SendStatus::too_many : SendStatus::not_found;
}

SentUpdate send(const NewUpdate& update, const RunStatement& run) {
  const auto rows =
      run(kSendUpdate, {text_parameter(update.to.namespace_), text_parameter(update.to.workflow_id),
                        uuid_parameter(update.to.run_id), text_parameter(update.update_id), text_parameter(update.name),
                        text_parameter(update.input), integer_parameter(kMaxOpenUpdates)});
  SentUpdate sent;
  sent.status = status_of(view(rows[0][0]));
  if (sent.status == SendStatus::sent) sent.update = read_update(rows[0], 1);
  return sent;
}

}  // namespace

void write_updates(const CommitBatch& batch, const RunStatement& run) {
  std::vector<std::pair<Uuid, const UpdateChange*>> changes;
  std::vector<Uuid> ended;
  for (const auto& commit : batch.runs) {
    for (const auto& change : commit.updates) changes.emplace_back(commit.run_id, &change);
    if (commit.next == NextState::closed && commit.end_updates) ended.push_back(commit.run_id);
  }
  using Change = std::pair<Uuid, const UpdateChange*>;
  if (!changes.empty()) {
    const auto of = [&](std::uint32_t type, auto get) { return array_of(type, changes, get); };
    run(kWriteUpdates, {of(oid::kUuid, [](const Change& c) { return c.first; }),
                        of(oid::kText, [](const Change& c) { return std::string_view(c.second->update_id); }),
                        of(oid::kText, [](const Change& c) { return to_string(c.second->stage); }),
                        of(oid::kJson, [](const Change& c) { return unless_empty(c.second->result); }),
                        of(oid::kJson, [](const Change& c) {
                          return c.second->failure ? std::optional(encode_failure(*c.second->failure)) : std::nullopt;
                        })});
  }
  if (!ended.empty()) run(kEndUpdates, {uuid_array(ended)});
}

SentUpdate PostgresStore::send_update(const NewUpdate& update) {
  validate(update);
  return with_session_until_known([&](Connection& session) {
    return send(update, [&](const Statement& statement, const Parameters& p) { return session.run(statement, p); });
  });
}

std::vector<UpdateState> PostgresStore::read_updates(std::span<const UpdateKey> keys) {
  if (keys.empty()) return {};
  return with_session(Access::read, [&](Connection& session) {
    return read_all(session.run(
        kReadUpdates,
        {array_of(oid::kUuid, keys, [](const UpdateKey& key) { return key.chain_id; }),
         array_of(oid::kText, keys, [](const UpdateKey& key) { return std::string_view(key.update_id); })}));
  });
}

std::vector<UpdateState> PostgresStore::open_updates(const Uuid& run_id) {
  return with_session(
      Access::read, [&](Connection& session) { return read_all(session.run(kOpenUpdates, {uuid_parameter(run_id)})); });
}

}  // namespace holdfast::store::postgres

namespace holdfast::store {

SentUpdate send_update_in(pqxx::transaction_base& transaction, const NewUpdate& update) {
  validate(update);
  return postgres::send(update, [&](const postgres::Statement& statement, const postgres::Parameters& parameters) {
    return postgres::run_unprepared(transaction, statement, parameters);
  });
}

}  // namespace holdfast::store
