#include <activities/broadcast_writer.hpp>

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/json.hpp>
#include <pqxx/nontransaction>

namespace platform {
namespace {

constexpr auto kGather = std::chrono::milliseconds(20);

// One statement writes the rows of many tenants: each row's tenant is set as that row is built, just before the row is
// checked against the policy of its table.
constexpr Statement kWrite{"platform_write_broadcasts", R"(
INSERT INTO platform.broadcasts (organization_id, message_id, event, payload)
SELECT set_config('app.organization_id', r.organization, true)::uuid, r.id, r.event, r.payload
FROM json_to_recordset($1::json) AS r (organization text, id text, event text, payload json))"};

}  // namespace

BroadcastWriter::BroadcastWriter(std::string connection_string, SqlRunner sql)
    : connection_string_(std::move(connection_string)), sql_(sql), thread_([this] { run(); }) {}

BroadcastWriter::~BroadcastWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BroadcastWriter::add(const vendors::Broadcast& broadcast) {
  auto row = boost::json::serialize(boost::json::object{{"organization", broadcast.organization_id},
                                                        {"id", broadcast.id},
                                                        {"event", broadcast.event},
                                                        {"payload", boost::json::parse(broadcast.payload)}});
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostWaiting) waiting_.erase(waiting_.begin());
  waiting_.push_back(std::move(row));
  if (waiting_.size() == 1) changed_.notify_all();
}

void BroadcastWriter::flush() {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return waiting_.empty() && !writing_; });
  hurry_ = false;
}

void BroadcastWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    changed_.wait_for(lock, kGather, [this] { return stopping_ || hurry_; });
    const auto rows = std::exchange(waiting_, {});
    writing_ = true;
    lock.unlock();
    write(rows);
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

void BroadcastWriter::write(const std::vector<std::string>& rows) noexcept try {
  std::string array;
  for (const auto& row : rows) array += (array.empty() ? "[" : ",") + row;
  if (!connection_) connection_ = std::make_unique<pqxx::connection>(connection_string_);
  pqxx::nontransaction statement(*connection_);
  sql_(statement, kWrite, array + "]");
} catch (const std::exception& e) {
  connection_.reset();
  spdlog::warn("{} broadcasts were dropped: {}", rows.size(), e.what());
}

}  // namespace platform
