#include <holdfast/store/postgres/moving_bound.hpp>

namespace holdfast::store::postgres {
namespace {

constexpr auto kSweepInterval = std::chrono::seconds(3);
constexpr auto kSlackInterval = std::chrono::milliseconds(500);
constexpr auto kSlack = std::chrono::seconds(5);
constexpr std::int64_t kSlackRows = 1000;
constexpr std::int64_t kRowsPerMark = 200;
constexpr int kPriorities = 5;
constexpr int kNoPriority = 0;  // activities have none

Parameter bounds_of(MovingBound& bound, std::span<const std::string> queues) {
  bound.begin_claim();
  return array_of(oid::kTimestamptz, queues, [&](const std::string& queue) { return bound.at(queue, kNoPriority); });
}

}  // namespace

void MovingBound::begin_claim(bool full_sweep) {
  const auto now = std::chrono::steady_clock::now();
  if (full_sweep || now - last_sweep_ >= kSweepInterval) {
    look_back_ = LookBack::everything;
    last_sweep_ = last_slack_ = now;
  } else if (now - last_slack_ >= kSlackInterval) {
    look_back_ = LookBack::whole_slack;
    last_slack_ = now;
  } else {
    look_back_ = LookBack::few_rows;
  }
}

Timestamp MovingBound::at(const std::string& queue, int priority) const {
  const auto found = ranges_.find({queue, priority});
  if (look_back_ == LookBack::everything || found == ranges_.end()) return Timestamp::min();
  const Range& range = found->second;
  const Timestamp slack = range.latest - kSlack;
  if (look_back_ == LookBack::whole_slack || range.marks.empty()) return slack;
  const Mark& mark = range.marks.front();
  return range.claimed - mark.claimed < kSlackRows ? slack : std::max(slack, mark.latest);
}

void MovingBound::claimed(const std::string& queue, int priority, Timestamp ready_at) {
  Range& range = ranges_[{queue, priority}];
  range.latest = std::max(range.latest, ready_at);
  ++range.claimed;
  auto& marks = range.marks;
  if (marks.empty() || range.claimed - marks.back().claimed >= kRowsPerMark)
    marks.push_back({range.latest, range.claimed});
  while (marks.size() > 1 && range.claimed - marks[1].claimed >= kSlackRows) marks.pop_front();
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
  claimed_limited_.claimed(queue, kNoPriority, ready_at);
  looked_activities_.claimed(queue, kNoPriority, ready_at);
}

Parameter SharedBounds::limited_to_claim(std::span<const std::string> queues) {
  const std::lock_guard lock(mutex_);
  return bounds_of(claimed_limited_, queues);
}

Parameter SharedBounds::arrivals_to_look_at(std::span<const std::string> queues) {
  const std::lock_guard lock(mutex_);
  return bounds_of(looked_arrivals_, queues);
}

Parameter SharedBounds::arrivals_to_claim(std::span<const std::string> queues) {
  const std::lock_guard lock(mutex_);
  return bounds_of(claimed_arrivals_, queues);
}

void SharedBounds::arrival_handled(const std::string& queue, Timestamp ready_at) {
  const std::lock_guard lock(mutex_);
  claimed_arrivals_.claimed(queue, kNoPriority, ready_at);
  looked_arrivals_.claimed(queue, kNoPriority, ready_at);
}

}  // namespace holdfast::store::postgres
