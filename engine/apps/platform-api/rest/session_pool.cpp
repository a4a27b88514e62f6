#include <rest/session_pool.hpp>

namespace platform::rest {

SessionPool::SessionPool(const ingress::DatabaseOptions& database, int sessions, std::chrono::milliseconds patience)
    : patience_(patience) {
  for (int i = 0; i < sessions; ++i) free_.push_back(std::make_unique<ingress::DatabaseSession>(database));
}

std::unique_ptr<ingress::DatabaseSession> SessionPool::take() {
  std::unique_lock lock(mutex_);
  if (!returned_.wait_for(lock, patience_, [this] { return !free_.empty(); }))
    throw ingress::Unavailable("every database session of the REST API is in use");
  auto session = std::move(free_.back());
  free_.pop_back();
  return session;
}

void SessionPool::give_back(ingress::DatabaseSession* session) {
  {
    const std::lock_guard lock(mutex_);
    free_.emplace_back(session);
  }
  returned_.notify_one();
}

}  // namespace platform::rest
