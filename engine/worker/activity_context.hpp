#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/event.hpp>
#include <holdfast/core/uuid.hpp>

namespace holdfast::worker {

/// Who asked for an activity, and which attempt this is.
struct ActivityInfo {
  Uuid run_id;
  std::string namespace_, workflow_id, activity;
  CommandSeq seq = 0;
  int attempt = 1;
};

/// What a running activity may know and say. Given to the body; valid during its call; thread-safe.
class ActivityContext {
 public:
  using Clock = std::chrono::steady_clock;

  ActivityContext(ActivityInfo info, Payload last_details, Clock::time_point deadline)
      : info_(std::move(info)), last_details_(std::move(last_details)), deadline_(deadline) {}

  const ActivityInfo& info() const { return info_; }
  int attempt() const { return info_.attempt; }
  /// The same for every attempt of this activity, and for no other: the idempotency key for vendors.
  std::string idempotency_key() const { return info_.run_id.to_string() + ":" + std::to_string(info_.seq); }

  /// When this attempt's start-to-close timeout ends it: pass it on as the deadline of whatever blocks.
  Clock::time_point deadline() const { return deadline_; }
  /// True once nobody wants the result any more: stop soon.
  bool cancel_requested() const { return cancel_requested_.load(std::memory_order_relaxed); }

  /// Says that the attempt is alive, with how far it got; the next attempt gets the last details. Cheap: saved at most
  /// once in a while, never by the caller's thread.
  template <class T>
  void heartbeat(const T& details) {
    heartbeat_json(encode(details));
  }
  void heartbeat() { heartbeat_json({}); }
  /// Details of the attempt before; default-constructed if there are none.
  template <class T>
  T last_heartbeat() const {
    return last_details_.empty() ? T{} : decode<T>(last_details_);
  }

  // For the worker:
  void request_cancel() { cancel_requested_.store(true, std::memory_order_relaxed); }
  Clock::time_point last_beat() const {
    return Clock::time_point(Clock::duration(last_beat_.load(std::memory_order_relaxed)));
  }
  /// Moves out details that were not saved yet; false if there are none.
  bool take_beat(Payload& details);

 private:
  void heartbeat_json(Payload details);

  const ActivityInfo info_;
  const Payload last_details_;
  const Clock::time_point deadline_;
  std::atomic<bool> cancel_requested_ = false;
  std::atomic<Clock::rep> last_beat_ = Clock::now().time_since_epoch().count();
  std::mutex mutex_;
  Payload details_;
  bool beat_unsaved_ = false;
};

}  // namespace holdfast::worker
