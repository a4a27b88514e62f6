#include <algorithm>
#include <map>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/failure_json.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate_schedules.hpp>

namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

ScheduleRow* find(MemoryTables& db, const ScheduleKey& key) {
  const auto found = db.schedules.find(key);
  return found == db.schedules.end() ? nullptr : &found->second;
}

/// Appends to a JSON array, unless the element is there already.
void add_request(Payload& requests, const Payload& request) {
  auto list = decode<std::vector<boost::json::value>>(requests);
  const auto added = decode<boost::json::value>(request);
  if (std::ranges::find(list, added) == list.end()) list.push_back(added);
  requests = encode(list);
}

DueSchedule as_due(MemoryTables& db, const ScheduleRow& row) {
  DueSchedule due{row, {}};
  for (const auto& workflow_id : row.watched) {
    due.watched.push_back({.workflow_id = workflow_id});
    const auto ids = db.by_workflow_id.find({row.key.namespace_, workflow_id});
    if (ids == db.by_workflow_id.end()) continue;
    due.watched.back().run_id = *ids->second.rbegin();
    due.watched.back().status = db.runs.at(due.watched.back().run_id).summary.status;
  }
  return due;
}

/// What the run learns of its schedule.
Payload scheduled_as(MemoryTables& db, const ScheduleKey& key, const ScheduledStart& start) {
  std::string out = "{\"schedule_id\":" + encode(key.schedule_id) + ",\"scheduled_at\":" + encode(start.scheduled_at);
  out += ",\"last_result\":";
  const auto completed = start.last_completed ? db.runs.find(*start.last_completed) : db.runs.end();
  out += completed == db.runs.end() || completed->second.result.empty() ? "null" : completed->second.result;
  out += ",\"last_failure\":";
  const auto failed = start.last_failed ? db.runs.find(*start.last_failed) : db.runs.end();
  if (failed == db.runs.end() || !failed->second.failure)
    out += "null";
  else
    append_failure(out, *failed->second.failure);
  return out += '}';
}

Payload attributes_of(const ScheduleRow& row, const ScheduledStart& start) {
  auto attributes = row.content.search_attributes.empty()
                        ? boost::json::object()
                        : decode<boost::json::value>(row.content.search_attributes).as_object();
  attributes["ScheduledById"] = row.key.schedule_id;
  attributes["ScheduledStartTime"] = to_rfc3339(start.scheduled_at);
  return encode(boost::json::value(std::move(attributes)));
}

/// False: an open run has the workflow id.
bool start(MemoryTables& db, const ScheduleRow& schedule, const ScheduledStart& start) {
  auto& ids = db.by_workflow_id[{schedule.key.namespace_, start.workflow_id}];
  if (std::ranges::any_of(ids, [&](const Uuid& id) { return db.live.contains(id); })) return false;
  RunRow row;
  row.summary = {.run_id = start.run_id,
                 .namespace_ = schedule.key.namespace_,
                 .workflow_id = start.workflow_id,
                 .workflow_type = start.workflow_type,
                 .task_queue = start.task_queue,
                 .status = RunStatus::running,
                 .started_at = db.now(),
                 .closed_at = std::nullopt};
  row.input = schedule.content.input;
  row.memo = schedule.content.memo;
  row.search_attributes = attributes_of(schedule, start);
  row.scheduled = scheduled_as(db, schedule.key, start);
  if (start.execution_timeout) row.deadline = db.now() + *start.execution_timeout;
  db.runs.emplace(start.run_id, std::move(row));
  LiveRow live;
  live.priority = start.priority;
  live.ready_at = db.now();
  db.live.emplace(start.run_id, std::move(live));
  ids.insert(start.run_id);
  return true;
}

void end_others(MemoryTables& db, const ScheduleDecision& decision) {
  constexpr const char* kReason = "replaced by the next run of its schedule";
  for (const auto& id : decision.terminate) {
    const Uuid run_id = db.resolve({decision.key.namespace_, id, {}});
    if (db.live.contains(run_id)) db.terminate(run_id, kReason);
  }
  for (const auto& id : decision.cancel) {
    const Uuid run_id = db.resolve({decision.key.namespace_, id, {}});
    LiveRow* live = db.find_live(run_id);
    if (live == nullptr) continue;
    Message message;
    message.kind = MessageKind::cancel;
    message.name = kReason;
    message.payload = "{}";
    message.message_id = run_id;  // once per run
    db.deliver(run_id, *live, std::move(message));
  }
}

int carry_out(MemoryTables& db, const ScheduleDecision& decision) {
  ScheduleRow& row = db.schedules.at(decision.key);
  end_others(db, decision);
  int started = 0;
  for (const auto& wanted : decision.starts) started += start(db, row, wanted) ? 1 : 0;
  row.state = decision.state;
  row.requests = "[]";
  row.watched = decision.watched;
  row.waiting = decision.waiting;
  row.next_at = decision.next_at;
  row.paused = decision.paused;
  if (!decision.note.empty()) row.note = decision.note;
  row.error = decision.error;
  row.content.remaining_actions = decision.remaining_actions;
  return started;
}

}  // namespace

std::optional<Timestamp> MemoryTables::next_schedule_at() const {
  std::optional<Timestamp> next;
  for (const auto& [key, row] : schedules)
    if (row.next_at && (!next || *row.next_at < *next)) next = row.next_at;
  return next;
}

bool MemoryStore::create_schedule(const NewSchedule& schedule) {
  validate(schedule);
  const Lock lock(tables_->mutex);
  const Timestamp now = tables_->now();
  ScheduleRow row;
  row.key = schedule.key;
  row.content = schedule.content;
  row.state = "{}";
  row.requests = "[]";
  row.paused = schedule.paused;
  row.note = schedule.note;
  row.origin = schedule.origin;
  row.created_at = row.updated_at = row.since = now;
  row.next_at = now;
  return tables_->schedules.emplace(schedule.key, std::move(row)).second;
}

ScheduleChange MemoryStore::update_schedule(const ScheduleKey& key, const ScheduleContent& content,
                                            std::int64_t expected_version) {
  validate(key);
  validate(content);
  const Lock lock(tables_->mutex);
  ScheduleRow* row = find(*tables_, key);
  if (row == nullptr) return ScheduleChange::not_found;
  if (expected_version != 0 && row->version != expected_version) return ScheduleChange::other_version;
  row->content = content;
  row->error.clear();
  ++row->version;
  row->updated_at = row->since = tables_->now();
  row->next_at = row->since;
  return ScheduleChange::done;
}

bool MemoryStore::delete_schedule(const ScheduleKey& key) {
  validate(key);
  const Lock lock(tables_->mutex);
  return tables_->schedules.erase(key) > 0;
}

bool MemoryStore::pause_schedule(const ScheduleKey& key, bool paused, std::string_view note) {
  validate(key);
  validate_note(note);
  const Lock lock(tables_->mutex);
  ScheduleRow* row = find(*tables_, key);
  if (row == nullptr) return false;
  const Timestamp now = tables_->now();
  if (row->paused && !paused) row->since = now;
  row->paused = paused;
  row->note = note;
  row->next_at = now;
  return true;
}

ScheduleChange MemoryStore::request_schedule(const ScheduleKey& key, const Payload& request) {
  validate(key);
  validate_request(request);
  const Lock lock(tables_->mutex);
  ScheduleRow* row = find(*tables_, key);
  if (row == nullptr) return ScheduleChange::not_found;
  if (count_events(row->requests) >= 1000) return ScheduleChange::too_many;
  add_request(row->requests, request);
  row->next_at = std::min(row->next_at.value_or(kNever), tables_->now());
  return ScheduleChange::done;
}

int MemoryStore::hurry_schedules(std::span<const ScheduleKey> keys) {
  const Lock lock(tables_->mutex);
  int hurried = 0;
  for (const auto& key : keys) {
    ScheduleRow* row = find(*tables_, key);
    if (row == nullptr || !row->waiting) continue;
    row->next_at = std::min(row->next_at.value_or(kNever), tables_->now());
    ++hurried;
  }
  return hurried;
}

std::optional<ScheduleRow> MemoryStore::describe_schedule(const ScheduleKey& key) {
  validate(key);
  const Lock lock(tables_->mutex);
  const ScheduleRow* row = find(*tables_, key);
  return row == nullptr ? std::nullopt : std::optional(*row);
}

std::vector<ScheduleRow> MemoryStore::list_schedules(const ScheduleFilter& filter) {
  validate(filter);
  const Lock lock(tables_->mutex);
  std::vector<ScheduleRow> out;
  for (const auto& [key, row] : tables_->schedules) {
    if (std::ssize(out) == filter.limit) break;
    if (key.namespace_ == filter.namespace_ && key.schedule_id > filter.after &&
        key.schedule_id.starts_with(filter.id_prefix.value_or("")) &&
        (!filter.origin || row.origin == *filter.origin) && (!filter.paused || row.paused == *filter.paused))
      out.push_back(row);
  }
  return out;
}

FireReport MemoryStore::fire_schedules(int limit, const DecideSchedules& decide) {
  if (limit < 1 || limit > 10'000) throw InvalidArgument("limit is " + std::to_string(limit) + "; allowed: 1 to 10000");
  const Lock lock(tables_->mutex);
  const Timestamp now = tables_->now();
  std::multimap<Timestamp, const ScheduleRow*> ready;
  for (const auto& [key, row] : tables_->schedules)
    if (row.next_at && *row.next_at <= now) ready.emplace(*row.next_at, &row);
  std::vector<DueSchedule> due;
  for (const auto& entry : ready)
    if (std::ssize(due) < limit) due.push_back(as_due(*tables_, *entry.second));
  FireReport report;
  report.schedules = static_cast<int>(due.size());
  if (!due.empty())
    for (const auto& decision : decide(now, due)) report.starts += carry_out(*tables_, decision);
  if (const auto next = tables_->next_schedule_at()) report.next_in = std::max(Duration(0), *next - now);
  return report;
}

}  // namespace holdfast::store
