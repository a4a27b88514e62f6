#include <holdfast/worker/live_run.hpp>

#include <algorithm>

namespace holdfast::worker {

CommandSeq outcome_seq(const Event& event) {
  return std::visit(
      [](const auto& e) -> CommandSeq {
        if constexpr (requires { e.seq; })
          return e.seq;
        else
          return 0;
      },
      event);
}

bool LiveRun::runs(CommandSeq seq, std::uint64_t dispatch) const {
  const auto found = local.find(seq);
  return found != local.end() && found->second.dispatch == dispatch;
}

bool LiveRun::has_timer(CommandSeq seq) const {
  return std::ranges::any_of(inputs, [seq](const PendingInput& input) {
    const auto* fired = std::get_if<event::TimerFired>(&input.event);
    return fired && fired->seq == seq;
  });
}

std::optional<Timestamp> LiveRun::next_due() const {
  std::optional<Timestamp> due = info.deadline;
  const auto consider = [&due](Timestamp at) { due = due ? std::min(*due, at) : at; };
  if (run)
    for (const auto& timer : run->pending_timers()) consider(timer.fire_at);
  for (const auto& [seq, entry] : waiting) consider(entry.due);
  return due;
}

}  // namespace holdfast::worker
