#include <activities/group_writer.hpp>

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <pqxx/except>
#include <pqxx/transaction>

namespace platform {
namespace {

constexpr Statement kRecordMessages{"platform_record_messages", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, subject, body)
SELECT t.id, r.key, r.channel, r.recipient, r.subject, r.body
FROM tenant t CROSS JOIN json_to_recordset($2::json) AS r (key text, channel text, recipient text, subject text, body text)
ON CONFLICT DO NOTHING)"};

constexpr Statement kRecordBroadcasts{"platform_record_broadcasts", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.broadcasts (organization_id, message_id, event, payload)
SELECT t.id, r.id, r.event, r.payload
FROM tenant t CROSS JOIN json_to_recordset($2::json) AS r (id text, event text, payload json))"};

/// The rows of one tenant for one statement are one parameter.
std::string json_array(std::vector<const std::string*> rows) {
  std::string out = "[";
  for (const auto* row : rows) {
    if (out.size() > 1) out += ',';
    out += *row;
  }
  return out + "]";
}

}  // namespace

void GroupWriter::record_message(const vendors::OutboxMessage& message) {
  const boost::json::object row{{"key", message.idempotency_key}, {"channel", message.channel},
                                {"recipient", message.recipient}, {"subject", message.subject},
                                {"body", message.body}};
  write({&kRecordMessages, message.organization_id, boost::json::serialize(row), false, {}});
}

void GroupWriter::record_broadcast(const vendors::Broadcast& broadcast) {
  const boost::json::object row{{"id", broadcast.id}, {"event", broadcast.event},
                                {"payload", boost::json::parse(broadcast.payload)}};
  write({&kRecordBroadcasts, broadcast.organization_id, boost::json::serialize(row), false, {}});
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
    std::vector<Row*> rows = batch;
    const auto group = [](const Row* row) { return std::pair(row->statement, std::string_view(row->organization_id)); };
    std::ranges::sort(rows, {}, group);   // tenants in one order, in every process
    pqxx::work tx(connection());
    for (auto first = rows.begin(); first != rows.end();) {
      const auto last = std::find_if(first, rows.end(), [&](const Row* row) { return group(row) != group(*first); });
      std::vector<const std::string*> json;
      for (auto row = first; row != last; ++row) json.push_back(&(*row)->json);
      sql_(tx, *(*first)->statement, (*first)->organization_id, json_array(std::move(json)));
      first = last;
    }
    tx.commit();
  } catch (const std::exception&) {
    connection_.reset();
    if (batch.size() > 1) return commit_one_by_one(batch);
    batch.front()->error = std::current_exception();
  }
}

/// One bad row must not fail its neighbours. Rows that were committed after all are found by their key.
void GroupWriter::commit_one_by_one(const std::vector<Row*>& batch) {
  for (auto* row : batch) commit({row});
}

pqxx::connection& GroupWriter::connection() {
  if (!connection_) connection_ = std::make_unique<pqxx::connection>(connection_string_);
  return *connection_;
}

}  // namespace platform
