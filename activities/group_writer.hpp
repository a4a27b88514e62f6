#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <pqxx/connection>

#include <activities/statement.hpp>
#include <activities/vendors/outbox.hpp>
#include <activities/vendors/realtime_broadcaster.hpp>

namespace platform {

/// Writes rows of the local "vendors" durably, many callers to a commit: while one caller commits, the rows of the
/// others gather and go with the next commit. Thread-safe. Rows have a key, so a repeated write changes nothing.
class GroupWriter {
 public:
  explicit GroupWriter(std::string connection_string, SqlRunner sql = {})
      : connection_string_(std::move(connection_string)), sql_(sql) {}

  /// Returns once the row is committed. Throws what the database said if it could not be.
  void record_message(const vendors::OutboxMessage& message);
  void record_broadcast(const vendors::Broadcast& broadcast);

 private:
  struct Row {
    const Statement* statement;
    std::string json;
    bool done = false;
    std::exception_ptr error;
  };
  void write(Row row);
  void commit(const std::vector<Row*>& batch);
  static void fail(const std::vector<Row*>& batch, std::exception_ptr error);
  pqxx::connection& connection();

  const std::string connection_string_;
  const SqlRunner sql_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Row*> pending_;
  bool committing_ = false;
  bool fresh_connection_ = false;
  std::unique_ptr<pqxx::connection> connection_;   // both belong to whoever set committing_
};

}  // namespace platform
