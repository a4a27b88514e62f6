#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/time.hpp>

namespace holdfast::store {

/// What a limit is about: all activities of a task queue, or those that name a key (ActivityOptions::limit_key).
enum class LimitScope : std::uint8_t { queue, key };
std::string_view to_string(LimitScope scope);

struct LimitName {
  LimitScope scope = LimitScope::key;
  std::string name;  ///< a queue; a key; or "class/*": each key "class/..." that has no limit of its own
  auto operator<=>(const LimitName&) const = default;
};

/// What is allowed. At least one of `max_concurrent` and `rate`.
struct LimitRule {
  std::optional<int> max_concurrent = {};  ///< attempts at a time; 0: none start
  std::optional<int> rate = {};            ///< starts per `per`
  Duration per = std::chrono::seconds(1);  ///< 1 ms to 31 days
  std::optional<int> burst = {};           ///< starts at once after a pause; unset: what a second allows, at least 1
  bool operator==(const LimitRule&) const = default;
};
/// The same with every default in place.
LimitRule completed(LimitRule rule);

struct NewLimit {
  LimitName limit;
  LimitRule rule;
  std::string updated_by, reason;  ///< for people
  std::string origin;              ///< who keeps it: empty, or the configuration that declares it
};

struct LimitRow {
  NewLimit content;     ///< with every default in place
  std::string rule_of;  ///< the limit that applies: itself, or for a key without one of its own the class's
  Timestamp updated_at;
  std::int64_t running = 0, waiting = 0;  ///< attempts under it; tasks that are due (of a class: of all its keys)
};

struct LimitFilter {
  std::optional<LimitScope> scope = {};
  std::optional<std::string> name_prefix = {}, origin = {};
  std::optional<LimitName> after = {};  ///< keyset: only larger ones
  int limit = 100;                      ///< 1 to 1000
  bool counts = true;                   ///< false: leave running and waiting at 0, which costs nothing then
};

/// Where one queue or key stands at this moment.
struct LimitUse {
  LimitName limit;   ///< the one that applies
  std::string name;  ///< of the queue or key
  LimitRule rule;
  std::int64_t running = 0;
  std::optional<Timestamp> next_start;  ///< when the rate allows the next one; nullopt: now
};
/// Why nothing can start, such as "limit endpoint/123: 5 of 5 running"; empty: something can.
std::string blocked_words(const LimitUse& use);

/// The limits of a Store. The same rules as there: each verb is one transaction; Unavailable, InDoubt,
/// InvalidArgument. Thread-safe. Limits, like task queues, are the same for all namespaces.
class LimitStore {
 public:
  virtual ~LimitStore() = default;

  /// Makes or replaces a limit. What runs goes on, also above a lowered limit. Workers notice within two seconds.
  /// Idempotent.
  virtual void set_limit(const NewLimit& limit) = 0;
  /// False: there was none.
  virtual bool delete_limit(const LimitName& limit) = 0;
  /// The limit, or for a key without one of its own the one of its class, as it concerns that key. nullopt: there is
  /// none. For people: counts what waits.
  virtual std::optional<LimitRow> describe_limit(const LimitName& limit) = 0;
  /// By scope (queues first) and name. For people, likewise.
  virtual std::vector<LimitRow> list_limits(const LimitFilter& filter) = 0;
};

}  // namespace holdfast::store
