#include <holdfast/store/postgres/limits.hpp>

#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate_limits.hpp>

// Limits as people change and see them. What claims under them is in limited_claims.cpp.
namespace holdfast::store::postgres {

// Where the queues and keys of waiting tasks stand; a row per limit that applies.
const Statement kExplainLimits{"explain_limits", R"sql(
SELECT w.n, w.scope, w.name, u.rule, u.max_concurrent, u.running, u.rate, (extract(epoch FROM u.per) * 1000000)::bigint,
       u.burst, CASE WHEN u.tokens = 0 THEN )sql" HOLDFAST_MICROS("(u.base + (1 - u.burst) * u.step)") R"sql( END
  FROM unnest($1::integer[], $2::text[], $3::text[]) AS w (n, scope, name)
 CROSS JOIN LATERAL holdfast.limit_use(w.scope, w.name, statement_timestamp()) u
 WHERE u.rule IS NOT NULL)sql"};

namespace {

const Statement kSetLimit{"set_limit", R"sql(
SELECT holdfast.set_limit($1, $2, u.max_concurrent, u.rate, CASE WHEN u.rate IS NOT NULL THEN $4::bigint * interval '1 microsecond' END,
                          u.burst, $5, $6, $7)
  FROM (SELECT ($3::integer[])[1] AS max_concurrent, ($3::integer[])[2] AS rate, ($3::integer[])[3] AS burst) u)sql"};

const Statement kDeleteLimit{"delete_limit", "SELECT holdfast.delete_limit($1, $2)"};

// A raised limit lets something start at once: what it held up is due.
const Statement kRingLimit{"ring_limit", R"sql(
WITH line AS (
  UPDATE holdfast.limit_lines n SET look_at = now()
    FROM (SELECT n.limit_key, n.task_queue FROM holdfast.limit_lines n
           WHERE n.shard = 0 AND $1 = 'key' AND n.look_at > now() AND n.look_at < 'infinity'
             AND (n.limit_key = $2 OR regexp_replace(n.limit_key, '[^/]*$', '*') = $2)
           ORDER BY n.limit_key, n.task_queue FOR UPDATE SKIP LOCKED) held
   WHERE n.shard = 0 AND n.limit_key = held.limit_key AND n.task_queue = held.task_queue)
UPDATE holdfast.limit_gates g SET look_at = '-infinity' WHERE g.shard = 0 AND g.scope = 'queue' AND $1 = 'queue' AND g.name = $2)sql"};

#define HOLDFAST_LIMIT_COLUMNS                                                                          \
  "s.scope, s.name, s.max_concurrent, s.rate, (extract(epoch FROM s.per) * 1000000)::bigint, s.burst, " \
  "s.updated_by, s.reason, s.origin, " HOLDFAST_MICROS("s.updated_at") ", s.running, s.waiting"

const Statement kDescribeLimit{"describe_limit", "SELECT " HOLDFAST_LIMIT_COLUMNS R"sql(
  FROM holdfast.limit_status s WHERE s.scope = $1 AND s.name = $2)sql"};

// Filters that are not set are empty.
#define HOLDFAST_LIMIT_FILTER                                                                                      \
  " WHERE ($1::text[] = '{}' OR s.scope = ANY ($1)) AND starts_with(s.name, $2) "                                  \
  "AND ($3::text[] = '{}' OR s.origin = ANY ($3)) "                                                                \
  "AND ($4::text[] = '{}' OR (s.scope <> 'queue', s.name) > (($4::text[])[1] <> 'queue', ($4::text[])[2] COLLATE " \
  "\"C\")) "                                                                                                       \
  "ORDER BY s.scope <> 'queue', s.name LIMIT $5::bigint"

const Statement kListLimits{"list_limits",
                            "SELECT " HOLDFAST_LIMIT_COLUMNS " FROM holdfast.limit_status s" HOLDFAST_LIMIT_FILTER};

const Statement kListRules{"list_limit_rules", "SELECT " HOLDFAST_LIMIT_COLUMNS R"sql(
  FROM (SELECT l.*, 0 AS running, 0 AS waiting FROM holdfast.limits l WHERE l.shard = 0) s)sql" HOLDFAST_LIMIT_FILTER};

// One key, whatever its limit.
const Statement kCountKey{"count_limited_key", R"sql(
SELECT count(*) FILTER (WHERE t.owner IS NOT NULL), count(*) FILTER (WHERE t.owner IS NULL AND t.ready_at <= now())
  FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.limit_key = $1)sql"};

LimitScope parse_scope(std::string_view text) { return text == "queue" ? LimitScope::queue : LimitScope::key; }

/// (max_concurrent, rate, per, burst) of columns that need not be neighbours.
LimitRule read_rule(const pqxx::field& max_concurrent, const pqxx::field& rate, const pqxx::field& per,
                    const pqxx::field& burst) {
  LimitRule rule;
  if (!max_concurrent.is_null()) rule.max_concurrent = small(max_concurrent);
  if (rate.is_null()) return rule;
  rule.rate = small(rate);
  rule.per = Duration(integer(per));
  rule.burst = small(burst);
  return rule;
}

LimitRow read_limit(const pqxx::row& row) {
  LimitRow out;
  out.content.limit = {parse_scope(view(row[0])), text(row[1])};
  out.content.rule = read_rule(row[2], row[3], row[4], row[5]);
  out.content.updated_by = text(row[6]);
  out.content.reason = text(row[7]);
  out.content.origin = text(row[8]);
  out.rule_of = out.content.limit.name;
  out.updated_at = time_of(row[9]);
  out.running = integer(row[10]);
  out.waiting = integer(row[11]);
  return out;
}

Parameter none_or_one(std::optional<std::string_view> value) {
  return text_array(value ? std::vector<std::string_view>{*value} : std::vector<std::string_view>{});
}

}  // namespace

void PostgresStore::set_limit(const NewLimit& limit) {
  validate(limit);
  const auto& rule = limit.rule;
  const std::vector<std::optional<std::int32_t>> numbers{rule.max_concurrent, rule.rate, rule.burst};
  const Parameters parameters{text_parameter(to_string(limit.limit.scope)),
                              text_parameter(limit.limit.name),
                              array_of(oid::kInteger, numbers, [](const auto& number) { return number; }),
                              bigint_parameter(rule.per.count()),
                              text_parameter(limit.reason),
                              text_parameter(limit.updated_by),
                              text_parameter(limit.origin)};
  with_session_until_known([&](Connection& session) { session.run(kSetLimit, parameters); });
  ring_limit(limit.limit);
}

bool PostgresStore::delete_limit(const LimitName& limit) {
  validate(limit);
  const bool found = with_session(Access::write, [&](Connection& session) {
    return boolean(
        session.run(kDeleteLimit, {text_parameter(to_string(limit.scope)), text_parameter(limit.name)})[0][0]);
  });
  ring_limit(limit);
  return found;
}

void PostgresStore::ring_limit(const LimitName& limit) {
  known_limits_.forget();
  with_session(Access::write, [&](Connection& session) {
    session.run(kRingLimit, {text_parameter(to_string(limit.scope)), text_parameter(limit.name)});
  });
}

std::optional<LimitRow> PostgresStore::describe_limit(const LimitName& limit) {
  validate(limit);
  return with_session(Access::read, [&](Connection& session) -> std::optional<LimitRow> {
    const auto of = [&](const std::string& name) {
      return session.run(kDescribeLimit, {text_parameter(to_string(limit.scope)), text_parameter(name)});
    };
    auto rows = of(limit.name);
    if (!rows.empty()) return read_limit(rows[0]);
    const auto of_class = limit_class(limit.name);
    if (limit.scope == LimitScope::queue || of_class.empty() || is_limit_class(limit)) return std::nullopt;
    rows = of(of_class);
    if (rows.empty()) return std::nullopt;
    auto out = read_limit(rows[0]);
    out.content.limit = limit;
    const auto counts = session.run(kCountKey, {text_parameter(limit.name)})[0];
    out.running = integer(counts[0]);
    out.waiting = integer(counts[1]);
    return out;
  });
}

std::vector<LimitRow> PostgresStore::list_limits(const LimitFilter& filter) {
  validate(filter);
  std::vector<std::string_view> after;
  if (filter.after) after = {to_string(filter.after->scope), filter.after->name};
  const Parameters parameters{
      none_or_one(filter.scope ? std::optional(to_string(*filter.scope)) : std::nullopt),
      text_parameter(filter.name_prefix.value_or("")),
      none_or_one(filter.origin ? std::optional<std::string_view>(*filter.origin) : std::nullopt), text_array(after),
      bigint_parameter(filter.limit)};
  return with_session(Access::read, [&](Connection& session) {
    std::vector<LimitRow> out;
    for (const auto& row : session.run(filter.counts ? kListLimits : kListRules, parameters))
      out.push_back(read_limit(row));
    return out;
  });
}

void PostgresStore::explain_waiting(Connection& session, std::vector<PendingActivity>& tasks) {
  std::vector<std::int32_t> places;
  std::vector<std::string> scopes, names;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto& task = tasks[i];
    if (task.owner != 0 || !task.next_attempt_at || task.task_queue.empty()) continue;
    const auto ask = [&](const char* scope, const std::string& name) {
      places.push_back(static_cast<std::int32_t>(i));
      scopes.emplace_back(scope);
      names.push_back(name);
    };
    ask("queue", task.task_queue);
    if (!task.limit_key.empty()) ask("key", task.limit_key);
  }
  if (places.empty()) return;
  const auto number = [](std::int32_t place) { return place; };
  for (const auto& row :
       session.run(kExplainLimits, {array_of(oid::kInteger, places, number), text_array(scopes), text_array(names)})) {
    LimitUse use{.limit = {parse_scope(view(row[1])), text(row[3])},
                 .name = text(row[2]),
                 .rule = read_rule(row[4], row[6], row[7], row[8]),
                 .running = integer(row[5]),
                 .next_start = optional_time(row[9])};
    if (auto words = blocked_words(use); !words.empty())
      tasks[static_cast<std::size_t>(integer(row[0]))].waits_for_limit.push_back(std::move(words));
  }
}

}  // namespace holdfast::store::postgres
