#include <holdfast/store/list_filter.hpp>
#include <holdfast/store/postgres/filter_sql.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/reading_verbs.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

// Lists and counts. Their conditions are as different as what people ask, so each statement is planned for its own
// values: whether the newest runs are walked through or an index is asked is the planner's choice, by its statistics.
namespace holdfast::store::postgres {
namespace {

/// Every condition may use these.
Parameters first_parameters(const ListFilter& list) {
  Uuid last;
  last.bytes.fill(0xff);
  return {uuid_parameter(list.before.value_or(last)), text_parameter(list.namespace_)};
}

/// "FROM ... WHERE ..." of the runs that match, and by which column they are newest first.
struct Selection {
  std::string sql;
  const char* run_id;
};

Selection select_runs(const ListFilter& list, Parameters& parameters) {
  const auto filter = whole_filter(list);
  // Open runs may be few among very many closed ones.
  const bool open = wants_open_runs(filter);
  Selection out{open ? " FROM holdfast.live_runs l JOIN holdfast.runs r ON r.shard = 0 AND r.run_id = l.run_id"
                       " WHERE l.shard = 0 AND l.run_id < $1::uuid AND l.namespace = $2::text"
                     : " FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id < $1::uuid AND r.namespace = $2::text",
                open ? "l.run_id" : "r.run_id"};
  if (!filter.matches_everything()) out.sql += " AND " + filter_sql(filter, parameters);
  return out;
}

/// In a transaction of its own, with a plan for these parameters.
pqxx::result run_once(Connection& session, const std::string& sql, const Parameters& parameters) {
  pqxx::work transaction(session.pqxx());
  transaction.exec(session.transaction_settings() + "SET LOCAL plan_cache_mode = force_custom_plan");
  auto rows = run_unprepared(transaction, {"", sql.c_str()}, parameters);
  transaction.commit();
  return rows;
}

}  // namespace

std::vector<RunSummary> PostgresStore::list_runs(const ListFilter& list) {
  validate(list);
  auto parameters = first_parameters(list);
  const auto selection = select_runs(list, parameters);
  parameters.push_back(bigint_parameter(list.limit));
  const auto sql = std::string("SELECT ") + kSummaryColumns + selection.sql + " ORDER BY " + selection.run_id +
                   " DESC LIMIT $" + std::to_string(parameters.size()) + "::bigint";
  return with_session(Access::read, [&](Connection& session) {
    std::vector<RunSummary> out;
    for (const auto& row : run_once(session, sql, parameters)) out.push_back(read_summary(row));
    return out;
  });
}

RunCount PostgresStore::count_runs(const ListFilter& list, const std::optional<visibility::Column>& group_by) {
  validate(list);
  if (group_by) validate_group_by(*group_by);
  auto all = list;
  all.before.reset();
  auto parameters = first_parameters(all);
  const auto selection = select_runs(all, parameters);
  std::string sql = "SELECT count(*), sum(count(*)) OVER ()";
  if (group_by) sql += ", " + group_sql(*group_by, parameters);
  sql += selection.sql;
  if (group_by) sql += " GROUP BY 3 ORDER BY 1 DESC, 3 LIMIT " + std::to_string(kMaxGroups);
  return with_session(Access::read, [&](Connection& session) {
    RunCount out;
    for (const auto& row : run_once(session, sql, parameters)) {
      out.total = integer(row[1]);
      if (group_by) out.groups.push_back({text(row[2]), integer(row[0])});
    }
    return out;
  });
}

}  // namespace holdfast::store::postgres
