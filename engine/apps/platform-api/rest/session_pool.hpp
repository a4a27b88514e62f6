#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <ingress/database_session.hpp>

namespace platform::rest {

/// Database sessions, each lent to one request at a time. Thread-safe.
class SessionPool {
 public:
  SessionPool(const ingress::DatabaseOptions& database, int sessions, std::chrono::milliseconds patience);

  /// Lends a session to `body`. Throws ingress::Unavailable if none is free within the patience.
  template <class Body>
  void with(const Body& body) {
    auto session = take();
    const std::unique_ptr<ingress::DatabaseSession, Return> back(session.release(), Return{*this});
    body(*back);
  }

 private:
  struct Return {
    SessionPool& pool;
    void operator()(ingress::DatabaseSession* session) const { pool.give_back(session); }
  };
  std::unique_ptr<ingress::DatabaseSession> take();
  void give_back(ingress::DatabaseSession* session);

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<ingress::DatabaseSession>> free_;
};

}  // namespace platform::rest
