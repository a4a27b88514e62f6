#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <pqxx/connection>

#include <activities/statement.hpp>
#include <activities/vendors/realtime_broadcaster.hpp>

namespace platform {

/// The local realtime "vendor": writes broadcasts to platform.broadcasts, behind the caller's back and many at a time,
/// because they are hints that nobody may depend on. What cannot be written is logged and dropped; so is the oldest
/// when more than kMostWaiting wait. Thread-safe.
class BroadcastWriter {
 public:
  static constexpr std::size_t kMostWaiting = 10'000;

  explicit BroadcastWriter(std::string connection_string, SqlRunner sql = {});
  /// Writes what waits.
  ~BroadcastWriter();
  BroadcastWriter(const BroadcastWriter&) = delete;

  /// Never waits for the database. Throws boost::system::system_error if the payload is not JSON.
  void add(const vendors::Broadcast& broadcast);
  /// Returns when everything that was added before was written or given up.
  void flush();

 private:
  void run();
  void write(const std::vector<std::string>& rows) noexcept;

  const std::string connection_string_;
  const SqlRunner sql_;
  std::unique_ptr<pqxx::connection> connection_;  // the thread's
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> waiting_;  // rows as JSON
  bool writing_ = false;
  bool hurry_ = false;  // somebody waits: do not gather any longer
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace platform
