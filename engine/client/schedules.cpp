#include <holdfast/client/schedules.hpp>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/json_reader.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/timetable.hpp>
#include <holdfast/store/store.hpp>

namespace holdfast::client {
namespace {

/// f() with what is wrong with a schedule as the store's error for bad input.
template <class F>
auto checked(F f) {
  try {
    return f();
  } catch (const schedule::SpecError& error) {
    throw store::InvalidArgument(error.what());
  }
}

[[noreturn]] void no_such(const store::ScheduleKey& key) {
  throw NotFoundError("there is no schedule \"" + key.schedule_id + "\" in namespace \"" + key.namespace_ + "\"");
}

/// JSON texts that mean the same: jsonb columns come back in another order.
bool same_json(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.empty() || b.empty()) return false;
  return decode<boost::json::value>(a) == decode<boost::json::value>(b);
}

/// How a stored definition is written by this build; empty if it cannot be read.
std::string normalized(const Payload& definition) {
  try {
    return encode(schedule::parse_definition(definition));
  } catch (const schedule::SpecError&) {
    return "";
  }
}

constexpr int kNextTimes = 10;

}  // namespace

std::vector<Timestamp> next_times(const schedule::ScheduleDefinition& definition, std::string_view id, Timestamp after,
                                  int count) {
  return checked([&] {
    const schedule::Timetable table(definition.spec);
    std::vector<Timestamp> out;
    for (auto tick = table.next_tick(after, id); tick && std::ssize(out) < count;
         tick = table.next_tick(tick->nominal, id))
      out.push_back(tick->due);
    return out;
  });
}

store::ScheduleKey Schedules::key(std::string_view id) const {
  checked([&] { schedule::validate_schedule_id(id); });
  return {client_.options().namespace_, std::string(id)};
}

store::ScheduleContent Schedules::content(const ScheduleRequest& request) const {
  checked([&] { schedule::validate(request.definition); });
  return {.definition = encode(request.definition),
          .input = request.input,
          .memo = request.memo,
          .search_attributes = request.search_attributes,
          .remaining_actions = request.definition.limited_actions};
}

void Schedules::wake() const { client_.hint("s:*"); }

void Schedules::create(std::string_view id, const ScheduleRequest& request,
                       const CreateScheduleOptions& options) const {
  const store::NewSchedule schedule{.key = key(id),
                                    .content = content(request),
                                    .paused = options.paused,
                                    .note = options.note,
                                    .origin = options.origin};
  if (!client_.store().schedules().create_schedule(schedule))
    throw ScheduleExistsError("schedule \"" + schedule.key.schedule_id + "\" exists already");
  if (options.trigger) trigger(id);
  wake();
}

void Schedules::update(std::string_view id, const ScheduleRequest& request, std::int64_t expected_version) const {
  const auto of = key(id);
  const auto change = client_.store().schedules().update_schedule(of, content(request), expected_version);
  if (change == store::ScheduleChange::not_found) no_such(of);
  if (change == store::ScheduleChange::other_version)
    throw ScheduleChangedError("schedule \"" + of.schedule_id + "\" is not at version " +
                               std::to_string(expected_version) + " any more: somebody changed it; read it again");
  wake();
}

ScheduleUpsert Schedules::create_or_update(std::string_view id, const ScheduleRequest& request,
                                           const CreateScheduleOptions& options) const {
  const auto wanted = content(request);
  for (;;) {
    const auto found = client_.store().schedules().describe_schedule(key(id));
    if (!found) {
      try {
        create(id, request, options);
        return ScheduleUpsert::created;
      } catch (const ScheduleExistsError&) {
        continue;  // another process was faster
      }
    }
    const auto& there = found->content;
    if (normalized(there.definition) == wanted.definition && same_json(there.input, wanted.input) &&
        same_json(there.memo, wanted.memo) && same_json(there.search_attributes, wanted.search_attributes))
      return ScheduleUpsert::unchanged;
    try {
      update(id, request, found->version);
      return ScheduleUpsert::updated;
    } catch (const ScheduleChangedError&) {
    } catch (const NotFoundError&) {}
  }
}

void Schedules::remove(std::string_view id) const {
  const auto of = key(id);
  if (!client_.store().schedules().delete_schedule(of)) no_such(of);
}

void Schedules::pause(std::string_view id, std::string_view note) const {
  const auto of = key(id);
  if (!client_.store().schedules().pause_schedule(of, true, note)) no_such(of);
}

void Schedules::resume(std::string_view id, std::string_view note) const {
  const auto of = key(id);
  if (!client_.store().schedules().pause_schedule(of, false, note)) no_such(of);
  wake();
}

void Schedules::request(const store::ScheduleKey& of, const schedule::ScheduleRequest& what) const {
  const auto change = client_.store().schedules().request_schedule(of, encode(what));
  if (change == store::ScheduleChange::not_found) no_such(of);
  if (change == store::ScheduleChange::too_many)
    throw Error("schedule \"" + of.schedule_id + "\" has 1000 requests that no worker has carried out");
  wake();
}

std::string Schedules::trigger(std::string_view id, std::optional<schedule::Overlap> overlap) const {
  const auto of = key(id);
  const Timestamp now = client_.store().now();
  request(of, {.trigger = now, .backfill = {}, .overlap = overlap});
  return schedule::workflow_id_of(id, now);
}

void Schedules::backfill(std::string_view id, Timestamp from, Timestamp to,
                         std::optional<schedule::Overlap> overlap) const {
  const auto of = key(id);
  if (to < from)
    throw store::InvalidArgument("the end of the backfill is " + to_rfc3339(to) + "; allowed: its start (" +
                                 to_rfc3339(from) + ") or later");
  if (const auto now = client_.store().now(); to > now)
    throw store::InvalidArgument("the end of the backfill is " + to_rfc3339(to) + "; allowed: until now (" +
                                 to_rfc3339(now) + ")");
  request(of, {.trigger = {}, .backfill = schedule::Backfill{from, to, overlap}, .overlap = {}});
}

ScheduleDescription Schedules::describe(std::string_view id) const {
  const auto of = key(id);
  auto row = client_.store().schedules().describe_schedule(of);
  if (!row) no_such(of);
  ScheduleDescription out;
  out.row = std::move(*row);
  out.state = decode<schedule::ScheduleState>(out.row.state);
  out.pending_requests = static_cast<std::int64_t>(decode<std::vector<boost::json::value>>(out.row.requests).size());
  std::vector<Uuid> ids;
  for (const auto& action : out.state.recent) {
    ids.push_back(action.run_id);
    out.recent.push_back({action});
  }
  for (const auto& closed : client_.store().closed_runs(ids))
    for (auto& action : out.recent)
      if (action.action.run_id == closed.run_id) action.status = closed.status;
  if (!out.row.error.empty()) return out;
  out.definition = checked([&] { return schedule::parse_definition(out.row.content.definition); });
  const bool fires = !out.row.paused && out.row.content.remaining_actions.value_or(1) > 0;
  if (fires) out.next_times = next_times(out.definition, id, client_.store().now(), kNextTimes);
  return out;
}

std::vector<store::ScheduleRow> Schedules::list(store::ScheduleFilter filter) const {
  filter.namespace_ = client_.options().namespace_;
  return client_.store().schedules().list_schedules(filter);
}

}  // namespace holdfast::client
