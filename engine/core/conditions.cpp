#include <holdfast/core/errors.hpp>
#include <holdfast/core/run_state.hpp>

// Waiting until something holds, and the calls that may only look.
namespace holdfast::detail {

void RunState::check_writable() const {
  if (read_only)
    throw ReadOnlyError(std::string(read_only) + " may only look: it cannot ask for anything, nor change the run");
}

FuturePtr RunState::wait_until(std::function<bool()> holds) {
  check_writable();
  FuturePtr future(new FutureState(*this, FutureKind::condition, 0));
  if (inert()) return future;
  const ReadOnly looking(*this, "a condition");
  if (holds())
    future->resolve("{}");
  else
    conditions.push_back({future.get(), std::move(holds)});
  return future;
}

void RunState::forget_condition(FutureState& future) {
  std::erase_if(conditions, [&](const Condition& condition) { return condition.future == &future; });
}

bool RunState::fire_conditions() {
  std::vector<FuturePtr> fired;
  {
    const ReadOnly looking(*this, "a condition");
    for (const auto& condition : conditions)
      if (condition.holds()) fired.emplace_back(condition.future);
  }
  for (const auto& future : fired) {
    forget_condition(*future);
    future->resolve("{}");
  }
  return !fired.empty();
}

void RunState::end_of_main() {
  ready_.resize(ready_head_);
  conditions.clear();
}

}  // namespace holdfast::detail
