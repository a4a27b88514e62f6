#include <holdfast/store/postgres/schedules.hpp>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/core/json_text.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/schedule_rows.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate_schedules.hpp>

// Schedules as people change and see them. What fires them is in schedule_firing.cpp.
namespace holdfast::store::postgres {

const Statement kRequestSchedule{"request_schedule", R"sql(
WITH s AS (
  UPDATE holdfast.schedules s
     SET requests = CASE WHEN s.requests @> jsonb_build_array($3::text::jsonb) THEN s.requests ELSE s.requests || $3::text::jsonb END,
         next_at = least(s.next_at, now())
   WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2 AND jsonb_array_length(s.requests) < 1000
  RETURNING 1)
SELECT EXISTS (SELECT FROM s),
       EXISTS (SELECT FROM holdfast.schedules s WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2))sql"};

// A run's end concerns few schedules: those with a start that waits for it.
const Statement kHurrySchedules{"hurry_schedules", R"sql(
WITH k AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::text[]) AS k (namespace, id) ORDER BY namespace, id LIMIT cardinality($1))
UPDATE holdfast.schedules s SET next_at = now()
  FROM k
 WHERE s.shard = 0 AND s.namespace = k.namespace AND s.schedule_id = k.id AND s.next_at > now() AND s.waiting)sql"};

const Statement kDescribeSchedule{"describe_schedule", "SELECT " HOLDFAST_SCHEDULE_COLUMNS R"sql(
  FROM holdfast.schedules s WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2)sql"};

// Filters that are not set are empty.
const Statement kListSchedules{"list_schedules", "SELECT " HOLDFAST_SCHEDULE_COLUMNS R"sql(
  FROM holdfast.schedules s
 WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id > $2 AND starts_with(s.schedule_id, $3)
   AND ($4::text[] = '{}' OR s.origin = ANY ($4)) AND ($5::bool[] = '{}' OR s.paused = ANY ($5))
 ORDER BY s.schedule_id LIMIT $6::bigint)sql"};

namespace {

const Statement kCreateSchedule{"create_schedule", R"sql(
INSERT INTO holdfast.schedules (namespace, schedule_id, definition, input, memo, search_attributes, remaining_actions,
                                paused, note, origin)
SELECT $1, $2, $3::json, $4::json, c.memo::jsonb, c.attributes::jsonb, c.remaining, $6::bool, $7, $8
  FROM unnest($5::text[], $9::text[], $10::bigint[]) AS c (memo, attributes, remaining)
ON CONFLICT DO NOTHING RETURNING 1)sql"};

const Statement kUpdateSchedule{"update_schedule", R"sql(
WITH s AS (
  UPDATE holdfast.schedules s
     SET definition = $3::json, input = $4::json, memo = c.memo::jsonb, search_attributes = c.attributes::jsonb,
         remaining_actions = c.remaining, version = s.version + 1, error = NULL, updated_at = now(), since = now(),
         next_at = now()
    FROM unnest($5::text[], $6::text[], $7::bigint[]) AS c (memo, attributes, remaining)
   WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2 AND ($8::bigint = 0 OR s.version = $8::bigint)
  RETURNING 1)
SELECT EXISTS (SELECT FROM s),
       EXISTS (SELECT FROM holdfast.schedules s WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2))sql"};

const Statement kDeleteSchedule{
    "delete_schedule",
    "DELETE FROM holdfast.schedules s WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2 RETURNING 1"};

// A resume begins anew: ticks of the time of the pause are not made up for.
const Statement kPauseSchedule{"pause_schedule", R"sql(
UPDATE holdfast.schedules s
   SET note = $4, next_at = now(), since = CASE WHEN s.paused AND NOT $3::bool THEN now() ELSE s.since END,
       paused = $3::bool
 WHERE s.shard = 0 AND s.namespace = $1 AND s.schedule_id = $2 RETURNING 1)sql"};

template <class T>
Parameter one(std::uint32_t type, const std::optional<T>& value) {
  ArrayBuilder array(type, 1);
  array.append(value);
  return array.finish();
}

/// No element: do not filter.
template <class T>
Parameter none_or_one(std::uint32_t type, const std::optional<T>& value) {
  ArrayBuilder array(type, 1);
  if (value) array.append(*value);
  return array.finish();
}

std::optional<std::string_view> as_view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

/// (changed, exists) of one row.
ScheduleChange read_change(const pqxx::row& row, ScheduleChange otherwise) {
  if (boolean(row[0])) return ScheduleChange::done;
  return boolean(row[1]) ? otherwise : ScheduleChange::not_found;
}

}  // namespace

ScheduleRow read_schedule(const pqxx::row& row) {
  ScheduleRow out;
  out.key = {text(row[0]), text(row[1])};
  out.content.definition = text(row[2]);
  out.content.input = text(row[3]);
  out.content.memo = text(row[4]);
  out.content.search_attributes = text(row[5]);
  if (!row[6].is_null()) out.content.remaining_actions = integer(row[6]);
  out.state = text(row[7]);
  out.requests = text(row[8]);
  JsonReader watched(view(row[9]));
  watched.array([&] { out.watched.push_back(watched.string()); });
  out.paused = boolean(row[10]);
  out.note = text(row[11]);
  out.origin = text(row[12]);
  out.error = text(row[13]);
  out.version = integer(row[14]);
  out.created_at = time_of(row[15]);
  out.updated_at = time_of(row[16]);
  out.since = time_of(row[17]);
  out.next_at = optional_time(row[18]);
  out.waiting = boolean(row[19]);
  return out;
}

std::string to_json(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ',';
    append_json_string_repaired(out, text);
  }
  return out += ']';
}

bool PostgresStore::create_schedule(const NewSchedule& schedule) {
  validate(schedule);
  const ScheduleContent& content = schedule.content;
  return with_session(Access::write, [&](Connection& session) {
    return !session
                .run(kCreateSchedule,
                     {text_parameter(schedule.key.namespace_), text_parameter(schedule.key.schedule_id),
                      text_parameter(content.definition), text_parameter(content.input),
                      one(oid::kText, unless_empty(content.memo)), bool_parameter(schedule.paused),
                      text_parameter(schedule.note), text_parameter(schedule.origin),
                      one(oid::kText, unless_empty(content.search_attributes)),
                      one(oid::kBigint, content.remaining_actions)})
                .empty();
  });
}

ScheduleChange PostgresStore::update_schedule(const ScheduleKey& key, const ScheduleContent& content,
                                              std::int64_t expected_version) {
  validate(key);
  validate(content);
  return with_session(Access::write, [&](Connection& session) {
    const auto rows = session.run(
        kUpdateSchedule,
        {text_parameter(key.namespace_), text_parameter(key.schedule_id), text_parameter(content.definition),
         text_parameter(content.input), one(oid::kText, unless_empty(content.memo)),
         one(oid::kText, unless_empty(content.search_attributes)), one(oid::kBigint, content.remaining_actions),
         bigint_parameter(expected_version)});
    return read_change(rows[0], ScheduleChange::other_version);
  });
}

bool PostgresStore::delete_schedule(const ScheduleKey& key) {
  validate(key);
  return with_session(Access::write, [&](Connection& session) {
    return !session.run(kDeleteSchedule, {text_parameter(key.namespace_), text_parameter(key.schedule_id)}).empty();
  });
}

bool PostgresStore::pause_schedule(const ScheduleKey& key, bool paused, std::string_view note) {
  validate(key);
  validate_note(note);
  return with_session_until_known([&](Connection& session) {
    return !session
                .run(kPauseSchedule, {text_parameter(key.namespace_), text_parameter(key.schedule_id),
                                      bool_parameter(paused), text_parameter(note)})
                .empty();
  });
}

ScheduleChange PostgresStore::request_schedule(const ScheduleKey& key, const Payload& request) {
  validate(key);
  validate_request(request);
  return with_session_until_known([&](Connection& session) {
    const auto rows = session.run(
        kRequestSchedule, {text_parameter(key.namespace_), text_parameter(key.schedule_id), text_parameter(request)});
    return read_change(rows[0], ScheduleChange::too_many);
  });
}

int PostgresStore::hurry_schedules(std::span<const ScheduleKey> keys) {
  if (keys.empty()) return 0;
  const Parameters parameters{
      array_of(oid::kText, keys, [](const ScheduleKey& key) { return std::string_view(key.namespace_); }),
      array_of(oid::kText, keys, [](const ScheduleKey& key) { return std::string_view(key.schedule_id); })};
  return with_session(Access::write, [&](Connection& session) {
    return static_cast<int>(session.run(kHurrySchedules, parameters).affected_rows());
  });
}

std::optional<ScheduleRow> PostgresStore::describe_schedule(const ScheduleKey& key) {
  validate(key);
  return with_session(Access::read, [&](Connection& session) -> std::optional<ScheduleRow> {
    const auto rows = session.run(kDescribeSchedule, {text_parameter(key.namespace_), text_parameter(key.schedule_id)});
    if (rows.empty()) return std::nullopt;
    return read_schedule(rows[0]);
  });
}

std::vector<ScheduleRow> PostgresStore::list_schedules(const ScheduleFilter& filter) {
  validate(filter);
  const Parameters parameters{text_parameter(filter.namespace_),
                              text_parameter(filter.after),
                              text_parameter(filter.id_prefix.value_or("")),
                              none_or_one(oid::kText, as_view(filter.origin)),
                              none_or_one(oid::kBool, filter.paused),
                              bigint_parameter(filter.limit)};
  return with_session(Access::read, [&](Connection& session) {
    std::vector<ScheduleRow> out;
    for (const auto& row : session.run(kListSchedules, parameters)) out.push_back(read_schedule(row));
    return out;
  });
}

}  // namespace holdfast::store::postgres
