#include <holdfast/client/limits.hpp>

#include <holdfast/client/errors.hpp>
#include <holdfast/store/store.hpp>

namespace holdfast::client {
namespace {

[[noreturn]] void no_such(const store::LimitName& limit) {
  throw NotFoundError("there is no limit of " + std::string(to_string(limit.scope)) + " \"" + limit.name + "\"");
}

}  // namespace

/// More may be allowed now: workers look, instead of at their next poll. Which queues a key is used in, nobody knows.
void Limits::wake(const store::LimitName& limit) const {
  client_.hint(limit.scope == store::LimitScope::queue ? "q:" + limit.name : "q:*");
}

void Limits::set(const store::LimitName& limit, const store::LimitRule& rule, const SetLimitOptions& options) const {
  client_.store().limits().set_limit({.limit = limit,
                                      .rule = rule,
                                      .updated_by = options.updated_by,
                                      .reason = options.reason,
                                      .origin = options.origin});
  wake(limit);
}

LimitUpsert Limits::create_or_update(const store::LimitName& limit, const store::LimitRule& rule,
                                     const SetLimitOptions& options) const {
  const auto found = find(limit);
  if (found && found->content.rule == completed(rule) && found->content.origin == options.origin)
    return LimitUpsert::unchanged;
  set(limit, rule, options);
  return found ? LimitUpsert::updated : LimitUpsert::created;
}

void Limits::remove(const store::LimitName& limit) const {
  if (!client_.store().limits().delete_limit(limit)) no_such(limit);
  wake(limit);
}

store::LimitRow Limits::describe(const store::LimitName& limit) const {
  auto found = client_.store().limits().describe_limit(limit);
  if (!found) no_such(limit);
  return *std::move(found);
}

std::optional<store::LimitRow> Limits::find(const store::LimitName& limit) const {
  // Of the names that begin with it, it is the first.
  auto found = list({.scope = limit.scope, .name_prefix = limit.name, .limit = 1, .counts = false});
  if (found.empty() || found[0].content.limit != limit) return std::nullopt;
  return std::move(found[0]);
}

std::vector<store::LimitRow> Limits::list(const store::LimitFilter& filter) const {
  return client_.store().limits().list_limits(filter);
}

}  // namespace holdfast::client
