#include <activities/group_writer.hpp>

#include <utility>

#include <boost/json.hpp>
#include <pqxx/except>
#include <pqxx/transaction>

namespace platform {
namespace {

// One statement writes the rows of many tenants: each row's tenant is set as that row is built, just before the row
// is checked against the policy of its table. (A batch by tenant would be a statement per row.)
constexpr Statement kRecordMessages{"platform_record_messages", R"(
INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, subject, body)
SELECT set_config('app.organization_id', r.organization, true)::uuid, r.key, r.channel, r.recipient, r.subject, r.body
FROM json_to_recordset($1::json) AS r (organization text, key text, channel text, recipient text, subject text, body text)
ON CONFLICT DO NOTHING)"};

constexpr Statement kRecordBroadcasts{"platform_record_broadcasts", R"(
INSERT INTO platform.broadcasts (organization_id, message_id, event, payload)
SELECT set_config('app.organization_id', r.organization, true)::uuid, r.id, r.event, r.payload
FROM json_to_recordset($1::json) AS r (organization text, id text, event text, payload json))"};

}  // namespace

void GroupWriter::record_message(const vendors::OutboxMessage& message) {
  const boost::json::object row{{"organization", message.organization_id}, {"key", message.idempotency_key},
                                {"channel", message.channel}, {"recipient", message.recipient},
                                {"subject", message.subject}, {"body", message.body}};
  write({&kRecordMessages, boost::json::serialize(row), false, {}});
}

void GroupWriter::record_broadcast(const vendors::Broadcast& broadcast) {
  const boost::json::object row{{"organization", broadcast.organization_id}, {"id", broadcast.id},
                                {"event", broadcast.event}, {"payload", boost::json::parse(broadcast.payload)}};
  write({&kRecordBroadcasts, boost::json::serialize(row), false, {}});
}

void GroupWriter::fail(const std::vector<Row*>& batch, std::exception_ptr error) {
  for (auto* row : batch) row->error = error;
}

void GroupWriter::write(Row row) {
  std::unique_lock lock(mutex_);
  pending_.push_back(&row);
  while (!row.done) {
    if (committing_) {
      changed_.wait(lock);
      continue;
    }
    committing_ = true;
    const auto batch = std::exchange(pending_, {});
    lock.unlock();
    commit(batch);
    lock.lock();
    for (auto* written : batch) written->done = true;
    committing_ = false;
    changed_.notify_all();
  }
  if (row.error) std::rethrow_exception(row.error);
}

void GroupWriter::commit(const std::vector<Row*>& batch) {
  try {
    pqxx::work tx(connection());
    for (const auto* statement : {&kRecordMessages, &kRecordBroadcasts}) {
      std::string rows;
      for (const auto* row : batch)
        if (row->statement == statement) rows += (rows.empty() ? "[" : ",") + row->json;
      if (!rows.empty()) sql_(tx, *statement, rows + "]");
    }
    tx.commit();
  } catch (const pqxx::broken_connection&) {
    const bool was_old = !fresh_connection_;
    connection_.reset();
    if (was_old) return commit(batch);   // it may have been dead for hours; a new one tells
    fail(batch, std::current_exception());
  } catch (const std::exception&) {
    connection_.reset();
    if (batch.size() == 1) return fail(batch, std::current_exception());
    for (auto* row : batch) commit({row});   // one bad row must not fail its neighbours
  }
}

pqxx::connection& GroupWriter::connection() {
  fresh_connection_ = !connection_;
  if (!connection_) connection_ = std::make_unique<pqxx::connection>(connection_string_);
  return *connection_;
}

}  // namespace platform
