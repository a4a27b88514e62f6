#include <holdfast/schedule/planner.hpp>

#include <algorithm>
#include <set>

#include <holdfast/schedule/length.hpp>
#include <holdfast/schedule/timetable.hpp>

namespace holdfast::schedule {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostBuffered = 1000;
constexpr int kMostMissedCounted = 1000;
constexpr std::size_t kRecent = 10;
constexpr std::size_t kMostWatched = 100;
constexpr Duration kLate = 10s;

class Planner {
 public:
  explicit Planner(PlanInput input) : in_(std::move(input)), table_(in_.definition.spec), state_(std::move(in_.state)) {
    plan_.paused = in_.paused;
    plan_.remaining_actions = in_.remaining_actions;
    window_ = in_.definition.catch_up == CatchUp::none
                  ? kLate
                  : parse_length("catch_up_window", in_.definition.catch_up_window, kLeastCatchUpWindow);
  }

  Plan run() {
    see_what_ended();
    if (plan_.paused) std::erase_if(state_.buffer, [](const BufferedStart& b) { return !b.manual; });
    start_buffered();
    take_requests();
    run_backfills();
    run_ticks();
    decide_next();
    plan_.waiting = !state_.buffer.empty() || (in_.definition.pause_on_failure && !plan_.paused && !open_.empty());
    plan_.watch = std::move(open_);
    plan_.state = std::move(state_);
    return std::move(plan_);
  }

 private:
  bool full() const { return plan_.starts.size() >= in_.most_starts; }
  bool exhausted() const { return plan_.remaining_actions && *plan_.remaining_actions <= 0; }
  bool fires() const { return !plan_.paused && !exhausted(); }

  void see_what_ended() {
    for (const auto& run : in_.watched) {
      if (run.state == WatchedRun::State::open) {
        open_.push_back(run.workflow_id);
      } else if (run.state == WatchedRun::State::completed) {
        state_.last_completed = run.run_id;
        state_.last_failed.reset();
      } else if (run.state == WatchedRun::State::failed) {
        state_.last_failed = run.run_id;
        if (!in_.definition.pause_on_failure || plan_.paused) continue;
        plan_.paused = true;
        plan_.note = "paused because run " + run.run_id.to_string() + " of " + run.workflow_id + " failed";
      }
    }
  }

  /// Waiting starts go one after the other.
  void start_buffered() {
    while (open_.empty() && !state_.buffer.empty()) {
      const BufferedStart next = state_.buffer.front();
      state_.buffer.erase(state_.buffer.begin());
      begin(next);
    }
  }

  void take_requests() {
    for (const auto& request : in_.requests) {
      if (request.trigger) decide({*request.trigger, request.overlap.value_or(in_.definition.overlap), true});
      if (request.backfill) state_.backfills.push_back(*request.backfill);
    }
  }

  void run_backfills() {
    int ticks = 0;
    while (!state_.backfills.empty() && !full() && ticks < in_.most_ticks) {
      Backfill& backfill = state_.backfills.front();
      const auto tick = table_.next(backfill.from - Duration(1));
      if (!tick || *tick > backfill.to) {
        state_.backfills.erase(state_.backfills.begin());
        continue;
      }
      backfill.from = *tick + Duration(1);
      ++ticks;
      decide({*tick, backfill.overlap.value_or(in_.definition.overlap), true});
    }
  }

  void run_ticks() {
    Timestamp from = std::max(state_.done_through.value_or(in_.since), in_.since);
    if (!fires()) {
      state_.done_through = std::max(from, in_.now);
      return;
    }
    from = skip_what_is_too_old(from);
    if (in_.definition.catch_up == CatchUp::latest) from = skip_all_but_latest(from);
    auto tick = next(from);
    for (int ticks = 0; tick && tick->due <= in_.now && fires() && !full() && ticks < in_.most_ticks; ++ticks) {
      if (tick->due < in_.now - window_)
        ++state_.missed_catch_up;
      else
        decide({tick->nominal, in_.definition.overlap, false});
      from = tick->nominal;
      tick = next(from);
    }
    state_.done_through = from;
    if (tick && fires()) look_again_at(tick->due);
  }

  std::optional<Tick> next(Timestamp after) const { return table_.next_tick(after, in_.schedule_id); }

  /// Jumps over an outage that is longer than the window, without deciding tick by tick.
  Timestamp skip_what_is_too_old(Timestamp from) {
    const Timestamp horizon = in_.now - window_ - table_.jitter();
    return horizon > from ? skip(from, horizon) : from;
  }

  /// After an outage only the last tick that is due counts.
  Timestamp skip_all_but_latest(Timestamp from) {
    const auto oldest = next(from);
    if (!oldest || oldest->due >= in_.now - kLate) return from;
    // Look back in growing steps, so that dense and rare schedules both cost little.
    for (Duration back = 1min;; back *= 8) {
      const Timestamp start = std::max(from, in_.now - back);
      std::optional<Timestamp> before, last;
      for (auto tick = next(start); tick && tick->due <= in_.now; tick = next(tick->nominal)) {
        before = last;
        last = tick->nominal;
      }
      if (last) return skip(from, before.value_or(start));
      if (start == from) return from;
    }
  }

  /// Leaves out the ticks in (from, to] and counts them.
  Timestamp skip(Timestamp from, Timestamp to) {
    auto t = table_.next(from);
    for (int counted = 0; t && *t <= to && counted < kMostMissedCounted; ++counted, t = table_.next(*t))
      ++state_.missed_catch_up;
    return to;
  }

  /// One start that is wanted now.
  void decide(const BufferedStart& wanted) {
    if (wanted.overlap == Overlap::allow_all || (open_.empty() && state_.buffer.empty())) return begin(wanted);
    switch (wanted.overlap) {
      case Overlap::buffer_one:
        if (state_.buffer.empty()) return buffer(wanted);
        break;
      case Overlap::buffer_all:
        if (state_.buffer.size() < kMostBuffered) return buffer(wanted);
        ++state_.buffer_dropped;
        return;
      case Overlap::cancel_other:
      case Overlap::terminate_other: return replace_others(wanted);
      case Overlap::skip:
      case Overlap::allow_all: break;
    }
    ++state_.overlap_skipped;
  }

  void buffer(const BufferedStart& wanted) {
    if (state_.buffer.empty()) state_.looks = 0;
    state_.buffer.push_back(wanted);
  }

  void replace_others(const BufferedStart& wanted) {
    const bool asked = std::ranges::count(state_.buffer, Overlap::cancel_other, &BufferedStart::overlap) > 0;
    state_.overlap_skipped += static_cast<std::int64_t>(state_.buffer.size());
    state_.buffer.clear();
    // Runs of this very plan do not exist yet: they are not started at all.
    std::erase_if(plan_.starts, [&](const PlannedStart& start) {
      if (std::erase(open_, start.workflow_id) == 0) return false;
      forget(start);
      return true;
    });
    auto& others = wanted.overlap == Overlap::cancel_other ? plan_.cancel : plan_.terminate;
    for (const auto& run : open_)
      if (!(asked && wanted.overlap == Overlap::cancel_other) && std::ranges::find(others, run) == others.end())
        others.push_back(run);
    if (wanted.overlap == Overlap::terminate_other) open_.clear();
    if (open_.empty()) return begin(wanted);
    buffer(wanted);
  }

  void forget(const PlannedStart& start) {
    --state_.actions;
    ++state_.overlap_skipped;
    std::erase_if(state_.recent, [&](const RecentAction& action) { return action.run_id == start.run_id; });
    if (limited_.contains(start.run_id)) ++*plan_.remaining_actions;
  }

  void begin(const BufferedStart& wanted) {
    if (!wanted.manual && !fires()) return;
    PlannedStart start{wanted.at, workflow_id_of(in_.schedule_id, wanted.at), in_.new_run_id(), {}, {}};
    if (wanted.overlap != Overlap::allow_all) {
      start.last_completed = state_.last_completed;
      start.last_failed = state_.last_failed;
    }
    // Where everything may overlap, runs are watched for their failures only.
    const bool failure_counts = in_.definition.pause_on_failure && in_.definition.overlap == Overlap::allow_all;
    if (wanted.overlap != Overlap::allow_all || (failure_counts && open_.size() < kMostWatched))
      open_.push_back(start.workflow_id);
    if (!wanted.manual && plan_.remaining_actions) {
      --*plan_.remaining_actions;
      limited_.insert(start.run_id);
    }
    ++state_.actions;
    state_.looks = 0;
    state_.recent.push_back({wanted.at, in_.now, start.workflow_id, start.run_id});
    if (state_.recent.size() > kRecent) state_.recent.erase(state_.recent.begin());
    plan_.starts.push_back(std::move(start));
  }

  void look_again_at(Timestamp t) { plan_.next_at = std::min(plan_.next_at.value_or(t), t); }

  void decide_next() {
    if (!state_.backfills.empty()) look_again_at(in_.now);
    if (state_.buffer.empty()) return;
    // Whoever closes the run gives a hint; these looks are for the case that it is lost.
    look_again_at(in_.now + std::min<Duration>(1s * (1 << std::min(state_.looks, 5)), 30s));
    ++state_.looks;
  }

  PlanInput in_;
  Timetable table_;
  ScheduleState state_;
  Plan plan_;
  Duration window_{};
  std::vector<std::string> open_;  ///< workflow ids of runs that count for overlaps
  std::set<Uuid> limited_;         ///< starts of this plan that used up a limited action
};

}  // namespace

Plan plan(PlanInput input) { return Planner(std::move(input)).run(); }

}  // namespace holdfast::schedule
