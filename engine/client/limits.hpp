#pragma once

#include <optional>
#include <string>
#include <vector>

#include <holdfast/client/client.hpp>
#include <holdfast/store/limit_store.hpp>

namespace holdfast::client {

struct SetLimitOptions {
  std::string updated_by = {};  ///< who, for people
  std::string reason = {};      ///< why, for people
  std::string origin = {};      ///< who keeps it; for configurations that reconcile
};

enum class LimitUpsert : std::uint8_t { unchanged, created, updated };

/// The limits on activities, of task queues and of keys (docs/limits.md). They are the same for all namespaces. A cheap
/// value; keeps its client alive. Thread-safe.
///
/// Throws store::InvalidArgument for a value that is not allowed (the message names the field, the value and what is
/// allowed), NotFoundError; errors of the store pass through.
class Limits {
 public:
  explicit Limits(Client client) : client_(std::move(client)) {}

  /// Makes or replaces a limit. What runs goes on; workers notice within two seconds.
  void set(const store::LimitName& limit, const store::LimitRule& rule, const SetLimitOptions& options = {}) const;
  /// Makes it, or replaces it if it says something else.
  LimitUpsert create_or_update(const store::LimitName& limit, const store::LimitRule& rule,
                               const SetLimitOptions& options) const;
  void remove(const store::LimitName& limit) const;
  /// The limit, or for a key without one of its own its class's.
  store::LimitRow describe(const store::LimitName& limit) const;
  /// The limit itself, with nothing counted; nullopt: there is none. Cheap, whatever waits.
  std::optional<store::LimitRow> find(const store::LimitName& limit) const;
  /// By scope (queues first) and name.
  std::vector<store::LimitRow> list(const store::LimitFilter& filter = {}) const;

 private:
  void wake(const store::LimitName& limit) const;

  Client client_;
};

}  // namespace holdfast::client
