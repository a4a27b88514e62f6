#include <holdfast/core/activity.hpp>

#include <algorithm>
#include <stdexcept>

namespace holdfast {
namespace {

void check_positive(std::string_view activity, std::string_view field, const std::optional<Duration>& value) {
  if (value && *value <= Duration::zero())
    throw std::invalid_argument("activity " + std::string(activity) + ": " + std::string(field) + " is " +
                                std::to_string(value->count()) + " us; allowed: more than 0");
}

}  // namespace

void ActivityOptions::validate(std::string_view activity) const {
  if (!start_to_close && !schedule_to_close)
    throw std::invalid_argument("activity " + std::string(activity) +
                                ": start_to_close or schedule_to_close is required; neither is set");
  check_positive(activity, "start_to_close", start_to_close);
  check_positive(activity, "schedule_to_close", schedule_to_close);
  check_positive(activity, "schedule_to_start", schedule_to_start);
  check_positive(activity, "heartbeat", heartbeat);
  retry.validate();
}

ActivityOptions ActivityOptions::capped() const {
  auto out = *this;
  for (auto* length : {&out.start_to_close, &out.schedule_to_close, &out.schedule_to_start, &out.heartbeat,
                       &out.retry.maximum_interval})
    if (*length) *length = std::min(**length, kMaxDelay);
  out.retry.initial_interval = std::min(out.retry.initial_interval, kMaxDelay);
  return out;
}

}  // namespace holdfast
