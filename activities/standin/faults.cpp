#include <activities/standin/faults.hpp>

#include <array>
#include <stdexcept>

namespace platform::standin {
namespace {

struct ModeName {
  FaultMode mode;
  std::string_view name;
};

constexpr std::array kModes{ModeName{FaultMode::delay, "delay"},
                            ModeName{FaultMode::status, "status"},
                            ModeName{FaultMode::reset_before_commit, "reset before commit"},
                            ModeName{FaultMode::reset_after_commit, "reset after commit"},
                            ModeName{FaultMode::slow_drip, "slow drip"},
                            ModeName{FaultMode::malformed_body, "malformed body"}};

std::string text(const boost::json::value& value, std::string_view field) {
  if (!value.is_string()) throw std::invalid_argument(std::string(field) + ": must be a string");
  return std::string(value.get_string());
}

int number(const boost::json::value& value, std::string_view field, std::int64_t least, std::int64_t most) {
  if (value.is_int64() && value.get_int64() >= least && value.get_int64() <= most) {
    return static_cast<int>(value.get_int64());
  }
  throw std::invalid_argument(std::string(field) + ": must be a whole number from " + std::to_string(least) + " to " +
                              std::to_string(most));
}

FaultMode mode_of(std::string_view name) {
  std::string allowed;
  for (const auto& mode : kModes) {
    if (mode.name == name) return mode.mode;
    allowed.append(allowed.empty() ? "" : ", ").append(mode.name);
  }
  throw std::invalid_argument("mode: '" + std::string(name) + "' is not known; allowed are " + allowed);
}

void read_match(const boost::json::value& match, Fault& fault) {
  if (match.is_string()) {
    fault.path = text(match, "match");
    return;
  }
  if (!match.is_object()) throw std::invalid_argument("match: must be a path or {\"method\", \"path\"}");
  for (const auto& [name, value] : match.get_object()) {
    if (name == "method")
      fault.method = text(value, "match.method");
    else if (name == "path")
      fault.path = text(value, "match.path");
    else
      throw std::invalid_argument("match." + std::string(name) + ": unknown field; allowed are method, path");
  }
}

}  // namespace

std::string_view name_of(FaultMode mode) {
  for (const auto& entry : kModes) {
    if (entry.mode == mode) return entry.name;
  }
  return "unknown";
}

Fault parse_fault(const boost::json::object& json) {
  Fault fault;
  if (!json.contains("mode")) throw std::invalid_argument("mode: is missing");
  for (const auto& [name, value] : json) {
    if (name == "match")
      read_match(value, fault);
    else if (name == "mode")
      fault.mode = mode_of(text(value, "mode"));
    else if (name == "times")
      fault.times = number(value, "times", -1, 1'000'000);
    else if (name == "every")
      fault.every = number(value, "every", 1, 1'000'000);
    else if (name == "delay_ms")
      fault.delay = std::chrono::milliseconds{number(value, "delay_ms", 0, 600'000)};
    else if (name == "status")
      fault.status = number(value, "status", 200, 599);
    else if (name == "retry_after")
      fault.retry_after = text(value, "retry_after");
    else if (name == "body")
      fault.body = text(value, "body");
    else
      throw std::invalid_argument(std::string(name) +
                                  ": unknown field; allowed are match, times, every, mode, delay_ms, "
                                  "status, retry_after, body");
  }
  return fault;
}

void FaultPlan::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({std::move(fault)});
}

std::optional<Fault> FaultPlan::take(const Request& request) {
  const std::lock_guard lock(mutex_);
  for (auto waiting = faults_.begin(); waiting != faults_.end(); ++waiting) {
    Fault& fault = waiting->fault;
    if (fault.times == 0) continue;
    if (!fault.method.empty() && fault.method != request.method) continue;
    if (!request.path.starts_with(fault.path)) continue;
    if (++waiting->passed < fault.every) continue;
    waiting->passed = 0;
    auto taken = fault;
    if (fault.times > 0 && --fault.times == 0) faults_.erase(waiting);
    return taken;
  }
  return std::nullopt;
}

void FaultPlan::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

}  // namespace platform::standin
