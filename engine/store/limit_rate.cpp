#include <holdfast/store/limit_rate.hpp>

#include <algorithm>

namespace holdfast::store {

LimitRule completed(LimitRule rule) {
  if (!rule.rate) {
    rule.per = std::chrono::seconds(1);
    rule.burst.reset();
    return rule;
  }
  const std::int64_t second = std::int64_t{*rule.rate} * 1'000'000 / std::max<std::int64_t>(1, rule.per.count());
  if (!rule.burst) rule.burst = static_cast<int>(std::clamp<std::int64_t>(second, 1, 1'000'000));
  return rule;
}

LimitRate::LimitRate(const LimitRule& rule)
    : step_((rule.per.count() + *rule.rate - 1) / *rule.rate), burst_(*rule.burst) {}

/// Never more than a full burst ahead: after a clock that was set back, or a rate that was raised.
Timestamp LimitRate::base(Timestamp full_at, Timestamp now) const {
  return std::min(std::max(full_at, now), now + burst_ * step_);
}

std::int64_t LimitRate::tokens(Timestamp full_at, Timestamp now) const {
  return (burst_ * step_ - (base(full_at, now) - now)) / step_;
}

Timestamp LimitRate::after(Timestamp full_at, Timestamp now, std::int64_t count) const {
  return base(full_at, now) + count * step_;
}

Timestamp LimitRate::next_start(Timestamp full_at, Timestamp now) const {
  return base(full_at, now) + step_ - burst_ * step_;
}

}  // namespace holdfast::store
