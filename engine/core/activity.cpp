#include <holdfast/core/activity.hpp>

#include <algorithm>
#include <stdexcept>

#include <holdfast/core/json_text.hpp>

namespace holdfast {
namespace {

void check_positive(std::string_view activity, std::string_view field, const std::optional<Duration>& value) {
  if (value && *value <= Duration::zero())
    throw std::invalid_argument("activity " + std::string(activity) + ": " + std::string(field) + " is " +
                                std::to_string(value->count()) + " us; allowed: more than 0");
}

/// Throws unless `key` can be stored, and is no pattern.
void check_limit_key(std::string_view activity, std::string_view key) {
  constexpr std::size_t kMostBytes = 255;
  if (key.size() <= kMostBytes && is_valid_utf8(key) && key.find('\0') == key.npos && key.find('*') == key.npos) return;
  std::string shown;
  append_json_string_repaired(shown, key.substr(0, 60));
  throw std::invalid_argument("activity " + std::string(activity) + ": limit_key is " + shown + " (" +
                              std::to_string(key.size()) +
                              " bytes); allowed: at most 255 bytes of UTF-8 without NUL and without *");
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
  check_limit_key(activity, limit_key);
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
