#include <algorithm>

#include <holdfast/store/limit_rate.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate_limits.hpp>

// Limits on activities.
namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

bool is_in(const MemoryTables& db, const LimitName& limit, const TaskRow& row) {
  if (row.task.transactional) return false;
  if (limit.scope == LimitScope::queue) return row.task.task_queue == limit.name;
  const auto& key = row.task.options.limit_key;
  if (!is_limit_class(limit)) return key == limit.name;
  return limit_class(key) == limit.name && !db.limits.contains({LimitScope::key, key});
}

LimitRow described(const MemoryTables& db, const LimitName& asked, const MemoryTables::Limit& limit) {
  LimitRow out;
  out.content = limit.content;
  out.content.limit = asked;
  out.rule_of = limit.content.limit.name;
  out.updated_at = limit.updated_at;
  for (const auto& [key, row] : db.tasks) {
    if (!is_in(db, asked, row)) continue;
    if (row.owner != 0)
      out.running += asked.scope == LimitScope::key || row.queue_limited ? 1 : 0;
    else if (row.ready_at <= db.now())
      ++out.waiting;
  }
  return out;
}

}  // namespace

const MemoryTables::Limit* MemoryTables::limit_of(const LimitName& name) const {
  auto found = limits.find(name);
  if (found == limits.end() && name.scope == LimitScope::key) found = limits.find({name.scope, limit_class(name.name)});
  return found == limits.end() ? nullptr : &found->second;
}

std::vector<LimitUse> MemoryTables::limits_on(const TaskRow& row) const {
  std::vector<LimitUse> out;
  if (row.task.transactional) return out;
  const auto add = [&](LimitScope scope, const std::string& name) {
    const auto* limit = name.empty() ? nullptr : limit_of({scope, name});
    if (!limit) return;
    LimitUse use{
        .limit = limit->content.limit, .name = name, .rule = limit->content.rule, .running = 0, .next_start = {}};
    for (const auto& [key, other] : tasks) {
      if (other.owner == 0) continue;
      use.running += scope == LimitScope::queue ? other.queue_limited && other.task.task_queue == name
                                                : other.task.options.limit_key == name;
    }
    if (use.rule.rate) {
      const LimitRate rate(use.rule);
      const auto found = limits_full_at.find({scope, name});
      const auto full_at = found == limits_full_at.end() ? Timestamp::min() : found->second;
      if (rate.tokens(full_at, now()) == 0) use.next_start = rate.next_start(full_at, now());
    }
    out.push_back(std::move(use));
  };
  add(LimitScope::queue, row.task.task_queue);
  add(LimitScope::key, row.task.options.limit_key);
  return out;
}

bool MemoryTables::may_start(const TaskRow& row) const {
  return std::ranges::all_of(limits_on(row), [](const LimitUse& use) { return blocked_words(use).empty(); });
}

void MemoryTables::take_place(TaskRow& row) {
  row.queue_limited = limits.contains({LimitScope::queue, row.task.task_queue});
  for (const auto& use : limits_on(row)) {
    if (!use.rule.rate) continue;
    auto& full_at = limits_full_at.try_emplace({use.limit.scope, use.name}, Timestamp::min()).first->second;
    full_at = LimitRate(use.rule).after(full_at, now(), 1);
  }
}

void MemoryStore::set_limit(const NewLimit& limit) {
  validate(limit);
  const Lock lock(tables_->mutex);
  auto content = limit;
  content.rule = completed(content.rule);
  tables_->limits.insert_or_assign(limit.limit, MemoryTables::Limit{std::move(content), tables_->now()});
}

bool MemoryStore::delete_limit(const LimitName& limit) {
  validate(limit);
  const Lock lock(tables_->mutex);
  return tables_->limits.erase(limit) > 0;
}

std::optional<LimitRow> MemoryStore::describe_limit(const LimitName& limit) {
  validate(limit);
  const Lock lock(tables_->mutex);
  const auto* found = tables_->limit_of(limit);
  if (!found) return std::nullopt;
  return described(*tables_, limit, *found);
}

std::vector<LimitRow> MemoryStore::list_limits(const LimitFilter& filter) {
  validate(filter);
  const Lock lock(tables_->mutex);
  std::vector<LimitRow> out;
  for (const auto& [name, limit] : tables_->limits) {
    if (std::ssize(out) == filter.limit) break;
    if (filter.after && name <= *filter.after) continue;
    if (filter.scope && name.scope != *filter.scope) continue;
    if (filter.origin && limit.content.origin != *filter.origin) continue;
    if (filter.name_prefix && !name.name.starts_with(*filter.name_prefix)) continue;
    out.push_back(described(*tables_, name, limit));
    if (!filter.counts) out.back().running = out.back().waiting = 0;
  }
  return out;
}

}  // namespace holdfast::store
