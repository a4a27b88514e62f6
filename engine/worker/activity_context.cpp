#include <holdfast/worker/activity_context.hpp>

#include <utility>

namespace holdfast::worker {

void ActivityContext::heartbeat_json(Payload details) {
  last_beat_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (!details.empty()) details_ = std::move(details);
  beat_unsaved_ = true;
}

bool ActivityContext::take_beat(Payload& details) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(beat_unsaved_, false)) return false;
  details = details_;
  return true;
}

}  // namespace holdfast::worker
