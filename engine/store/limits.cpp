#include <holdfast/store/limit_store.hpp>
#include <holdfast/store/validate_limits.hpp>

#include <holdfast/store/validate.hpp>

namespace holdfast::store {
namespace {

constexpr int kMost = 1'000'000;
constexpr Duration kShortestPeriod = std::chrono::milliseconds(1), kLongestPeriod = std::chrono::days(31);

void check(bool allowed, const char* field, const std::string& value, const std::string& what) {
  if (!allowed) throw InvalidArgument(std::string(field) + " is " + value + "; allowed: " + what);
}

void check_range(const char* field, const std::optional<int>& value, int least) {
  if (value)
    check(*value >= least && *value <= kMost, field, std::to_string(*value), std::to_string(least) + " to 1000000");
}

}  // namespace

std::string_view to_string(LimitScope scope) { return scope == LimitScope::queue ? "queue" : "key"; }

std::string limit_class(std::string_view key) {
  const auto slash = key.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(key.substr(0, slash + 1)) + "*";
}

bool is_limit_class(const LimitName& limit) { return limit.scope == LimitScope::key && limit.name.ends_with("/*"); }

void validate(const LimitName& limit) {
  validate_name("name", limit.name);
  const auto star = limit.name.find('*');
  if (limit.scope == LimitScope::queue || star == std::string::npos) return;
  const bool is_class = limit.name.size() > 2 && limit.name.ends_with("/*") && star == limit.name.size() - 1 &&
                        limit.name[star - 2] != '/';
  check(is_class, "name", "\"" + limit.name + "\"", "a key without *, or class/* for the keys of a class");
}

void validate(const LimitRule& rule) {
  check(rule.max_concurrent || rule.rate, "max_concurrent", "not set, nor is rate", "at least one of them");
  check_range("max_concurrent", rule.max_concurrent, 0);
  check_range("rate", rule.rate, 1);
  check_range("burst", rule.burst, 1);
  check(rule.rate || !rule.burst, "burst", "set without a rate", "with a rate only");
  check(rule.per >= kShortestPeriod && rule.per <= kLongestPeriod, "per", std::to_string(rule.per.count()) + " us",
        "1 ms to 31 days");
}

void validate(const NewLimit& limit) {
  validate(limit.limit);
  validate(limit.rule);
  validate_text("updated_by", limit.updated_by, kMaxNameBytes);
  validate_text("reason", limit.reason, kMaxReasonBytes);
  validate_text("origin", limit.origin, kMaxNameBytes);
}

void validate(const LimitFilter& filter) {
  if (filter.name_prefix) validate_text("name prefix", *filter.name_prefix, kMaxNameBytes);
  if (filter.origin) validate_text("origin", *filter.origin, kMaxNameBytes);
  if (filter.after) validate_text("after", filter.after->name, kMaxNameBytes);
  check(filter.limit >= 1 && filter.limit <= 1000, "limit", std::to_string(filter.limit), "1 to 1000");
}

std::string blocked_words(const LimitUse& use) {
  const std::string of = use.limit.name == use.name ? "" : " (of " + use.limit.name + ")";
  const std::string limit =
      use.limit.scope == LimitScope::queue ? "limit of queue " + use.name : "limit " + use.name + of;
  const auto& rule = use.rule;
  if (rule.max_concurrent && use.running >= *rule.max_concurrent)
    return limit + ": " + std::to_string(use.running) + " of " + std::to_string(*rule.max_concurrent) + " running";
  if (use.next_start)
    return limit + ": " + std::to_string(*rule.rate) + " starts per " +
           (rule.per == std::chrono::seconds(1)   ? "second"
            : rule.per == std::chrono::minutes(1) ? "minute"
            : rule.per == std::chrono::hours(1)   ? "hour"
                                                  : std::to_string(rule.per.count() / 1000) + " ms") +
           ", the next at " + to_rfc3339(*use.next_start);
  return "";
}

}  // namespace holdfast::store
