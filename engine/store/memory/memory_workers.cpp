#include <algorithm>
#include <map>
#include <set>

#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate.hpp>

// Workers, leases and takeover.
namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

/// Counts owners in a row that died while the history stood still; sets the run aside when there were too many.
bool count_death(MemoryTables& db, const Uuid& run_id, LiveRow& row, int quarantine_after) {
  const EventId last_event = db.history[run_id].next - 1;
  row.takeovers = row.takeover_event == last_event ? row.takeovers + 1 : 1;
  row.takeover_event = last_event;
  if (row.takeovers < quarantine_after) return false;
  row.quarantined = true;
  row.ready_at = kNever;
  row.waiting_for = "quarantined: " + std::to_string(row.takeovers) + " workers died while they ran it";
  return true;
}

constexpr Duration kDeathCounts = std::chrono::minutes(1);

/// Lanes of one process whose leases ended together are one death.
int count_deaths(const MemoryTables& db, std::span<const std::string> task_queues) {
  std::set<std::pair<std::string, std::int64_t>> deaths;
  const auto count = [&](const WorkerRow& row) {
    const auto shared = [&](const std::string& queue) {
      return std::ranges::find(task_queues, queue) != task_queues.end();
    };
    if (std::ranges::none_of(row.info.task_queues, shared)) return;
    const auto lease = std::chrono::floor<std::chrono::seconds>(row.lease_until.time_since_epoch()).count();
    deaths.emplace(row.info.identity.substr(0, row.info.identity.rfind('/')), lease);
  };
  for (const auto& [id, row] : db.workers)
    if (row.lease_until <= db.now()) count(row);
  for (const auto& [at, row] : db.dead_workers)
    if (at > db.now() - kDeathCounts) count(row);
  return static_cast<int>(deaths.size());
}

}  // namespace

WorkerId MemoryStore::register_worker(const WorkerInfo& info) {
  validate(info);
  const Lock lock(tables_->mutex);
  const Timestamp now = tables_->now();
  const WorkerId id = ++tables_->last_worker_id;
  tables_->workers.emplace(id, WorkerRow{.info = info, .started_at = now, .lease_until = now + info.lease});
  return id;
}

std::vector<WorkerId> MemoryStore::renew_leases(std::span<const WorkerId> workers, Duration lease) {
  const Lock lock(tables_->mutex);
  std::vector<WorkerId> lost;
  for (const WorkerId worker : workers) {
    const auto row = tables_->workers.find(worker);
    if (row == tables_->workers.end())
      lost.push_back(worker);
    else
      row->second.lease_until = tables_->now() + lease;
  }
  return lost;
}

void MemoryStore::release_worker(WorkerId worker) {
  const Lock lock(tables_->mutex);
  tables_->disown(worker, [](const Uuid&, LiveRow&) {});
  tables_->workers.erase(worker);
}

TakeoverReport MemoryStore::take_over_expired(int quarantine_after) {
  const Lock lock(tables_->mutex);
  TakeoverReport report;
  const Timestamp now = tables_->now();
  for (auto it = tables_->workers.begin(); it != tables_->workers.end();) {
    if (it->second.lease_until > now) {
      ++it;
      continue;
    }
    const auto [runs, tasks] = tables_->disown(it->first, [&](const Uuid& run_id, LiveRow& row) {
      if (count_death(*tables_, run_id, row, quarantine_after)) ++report.quarantined;
    });
    ++report.workers;
    report.runs += runs;
    report.activities += tasks;
    tables_->dead_workers.emplace_back(now, it->second);
    it = tables_->workers.erase(it);
  }
  std::erase_if(tables_->dead_workers, [&](const auto& entry) { return entry.first <= now - kDeathCounts; });
  return report;
}

std::vector<WorkerDescription> MemoryStore::list_workers() {
  const Lock lock(tables_->mutex);
  std::vector<WorkerDescription> out;
  for (const auto& [id, row] : tables_->workers) {
    WorkerDescription worker;
    worker.id = id;
    worker.identity = row.info.identity;
    worker.version = row.info.version;
    worker.task_queues = row.info.task_queues;
    worker.started_at = row.started_at;
    worker.lease_until = row.lease_until;
    worker.alive = row.lease_until > tables_->now();
    worker.owned_runs = std::ranges::count_if(tables_->live, [&](const auto& e) { return e.second.owner == id; });
    worker.owned_activities =
        std::ranges::count_if(tables_->tasks, [&](const auto& e) { return e.second.owner == id; });
    out.push_back(std::move(worker));
  }
  return out;
}

std::vector<QueueDescription> MemoryStore::list_queues() {
  const Lock lock(tables_->mutex);
  const Timestamp now = tables_->now();
  std::map<std::string, QueueDescription> queues;
  for (const auto& [run_id, row] : tables_->live) {
    QueueDescription& queue = queues[tables_->runs.at(run_id).summary.task_queue];
    if (row.owner != 0) {
      ++queue.owned_runs;
    } else if (row.ready_at <= now) {
      ++queue.ready_runs;
      queue.oldest_ready_age = std::max(queue.oldest_ready_age.value_or(Duration::zero()), now - row.ready_at);
    } else {
      ++queue.parked_runs;
    }
  }
  for (const auto& [key, row] : tables_->tasks) {
    if (row.task.transactional) continue;
    QueueDescription& queue = queues[row.task.task_queue];
    ++(row.owner == 0 ? queue.waiting_activities : queue.running_activities);
  }
  for (const auto& [id, row] : tables_->workers) {
    for (const auto& name : row.info.task_queues) queues[name].workers += row.lease_until > now ? 1 : 0;
  }
  std::vector<QueueDescription> out;
  for (auto& [name, queue] : queues) {
    queue.task_queue = name;
    out.push_back(std::move(queue));
  }
  return out;
}

Readiness MemoryStore::peek(std::span<const WorkerId> workers, std::span<const std::string> task_queues) {
  const Lock lock(tables_->mutex);
  const Timestamp now = tables_->now();
  const auto served = [&](const std::string& queue) {
    return std::ranges::find(task_queues, queue) != task_queues.end();
  };
  Readiness out;
  for (const auto& queue : task_queues)
    if (tables_->limits.contains({LimitScope::queue, queue})) out.limited_queues.push_back(queue);
  if (const auto next = tables_->next_schedule_at()) out.schedule_due_in = std::max(Duration(0), *next - now);
  for (const auto& [run_id, row] : tables_->live) {
    if (row.owner == 0 && row.ready_at <= now && served(tables_->runs.at(run_id).summary.task_queue)) out.runs = true;
    const bool ours = std::ranges::find(workers, row.owner) != workers.end();
    if (row.rung && ours && std::ranges::find(out.rung, row.owner) == out.rung.end()) out.rung.push_back(row.owner);
  }
  for (const auto& [key, row] : tables_->tasks) {
    if (!row.task.transactional && row.owner == 0 && row.ready_at <= now && served(row.task.task_queue)) {
      out.activities = out.activities || tables_->may_start(row);
      for (const auto& use : tables_->limits_on(row))
        if (use.next_start)
          out.limits_due_in = std::min(out.limits_due_in.value_or(Duration::max()), *use.next_start - now);
    }
    if (row.timeout_at <= now) out.expired_activities = true;
  }
  for (const auto& [query_id, row] : tables_->queries)
    if (!row.answer && row.look_at <= now && row.deadline > now &&
        served(tables_->runs.at(row.run_id).summary.task_queue))
      out.queries = true;
  out.deaths = count_deaths(*tables_, task_queues);
  out.expired_workers =
      std::ranges::any_of(tables_->workers, [&](const auto& entry) { return entry.second.lease_until <= now; });
  return out;
}

}  // namespace holdfast::store
