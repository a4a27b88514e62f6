#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <holdfast/store/postgres/connection.hpp>

namespace holdfast::store::postgres {

/// Delays between attempts to connect: doubling from 50 ms to 2 s. Thread-safe.
class ConnectBackoff {
 public:
  /// Sleeps until the next attempt is due. At most 2 s, so that callers who are stopping are not held up.
  void wait();
  void failed();
  void succeeded();

 private:
  std::mutex mutex_;
  std::chrono::milliseconds delay_{0};
  std::chrono::steady_clock::time_point next_;
};

/// At most `pool_size` sessions, made when needed. Thread-safe.
class ConnectionPool {
 public:
  explicit ConnectionPool(const PostgresOptions& options) : options_(options) {}

  /// A session for one verb; goes back when destroyed, unless it is broken.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection, bool reused)
        : pool_(&pool), connection_(std::move(connection)), reused_(reused) {}
    ~Lease() { pool_->give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    /// It was idle before: the server may have gone since, and a read deserves a second attempt.
    bool reused() const { return reused_; }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
    bool reused_;
  };

  /// Waits for a free session. Throws Unavailable when none can be made: also if that is what became of somebody
  /// else's attempt meanwhile, so that many callers find out together, and not one after the other.
  Lease acquire();

 private:
  void give_back(std::unique_ptr<Connection> connection);
  void release_slot(const char* failure);

  PostgresOptions options_;
  ConnectBackoff backoff_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int in_use_ = 0;
  std::size_t failures_ = 0;  ///< attempts to connect, so far
  std::string last_failure_;
};

}  // namespace holdfast::store::postgres
