#include <holdfast/store/postgres/moving_bound.hpp>

namespace holdfast::store::postgres {
namespace {

constexpr auto kSweepInterval = std::chrono::seconds(3);
constexpr auto kSlack = std::chrono::seconds(5);
constexpr int kPriorities = 5;
constexpr int kNoPriority = 0;  // activities have none

Parameter bounds_of(MovingBound& bound, std::span<const std::string> queues) {
  bound.begin_claim();
  return array_of(oid::kTimestamptz, queues, [&](const std::string& queue) { return bound.at(queue, kNoPriority); });
}

}  // namespace

void MovingBound::begin_claim(bool full_sweep) {
  const auto now = std::chrono::steady_clock::now();
  sweeping_ = full_sweep || now - last_sweep_ >= kSweepInterval;
  if (sweeping_) last_sweep_ = now;
}

Timestamp MovingBound::at(const std::string& queue, int priority) const {
  if (sweeping_) return Timestamp::min();
  const auto found = bounds_.find({queue, priority});
  return found == bounds_.end() ? Timestamp::min() : found->second;
}

void MovingBound::claimed(const std::string& queue, int priority, Timestamp ready_at) {
  auto& bound = bounds_[{queue, priority}];
  bound = std::max(bound, ready_at - kSlack);
}

RunRanges run_ranges(const MovingBound& bound, std::span<const std::string> queues) {
  const std::size_t size = queues.size() * kPriorities;
  ArrayBuilder priorities(oid::kSmallint, size), names(oid::kText, size), bounds(oid::kTimestamptz, size);
  for (int priority = 1; priority <= kPriorities; ++priority) {
    for (const auto& queue : queues) {
      priorities.append(static_cast<std::int16_t>(priority));
      names.append(std::string_view(queue));
      bounds.append(bound.at(queue, priority));
    }
  }
  return {priorities.finish(), names.finish(), bounds.finish()};
}

RunRanges SharedBounds::ranges_to_look_at(std::span<const std::string> queues) {
  const std::lock_guard lock(mutex_);
  looked_runs_.begin_claim();
  return run_ranges(looked_runs_, queues);
}

Parameter SharedBounds::activities_to_look_at(std::span<const std::string> queues) {
  const std::lock_guard lock(mutex_);
  return bounds_of(looked_activities_, queues);
}

Parameter SharedBounds::activities_to_claim(std::span<const std::string> queues) {
  const std::lock_guard lock(mutex_);
  return bounds_of(claimed_activities_, queues);
}

void SharedBounds::run_claimed(const std::string& queue, int priority, Timestamp ready_at) {
  const std::lock_guard lock(mutex_);
  looked_runs_.claimed(queue, priority, ready_at);
}

void SharedBounds::activity_claimed(const std::string& queue, Timestamp ready_at) {
  const std::lock_guard lock(mutex_);
  claimed_activities_.claimed(queue, kNoPriority, ready_at);
  looked_activities_.claimed(queue, kNoPriority, ready_at);
}

}  // namespace holdfast::store::postgres
