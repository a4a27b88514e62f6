#include <holdfast/store/postgres/doctor.hpp>

#include <algorithm>

#include <pqxx/connection>
#include <pqxx/result>
#include <pqxx/transaction>

#include <holdfast/core/uuid.hpp>
#include <holdfast/store/errors.hpp>

namespace holdfast::store::postgres {
namespace {

constexpr const char* kNoId = "00000000-0000-0000-0000-000000000000";
constexpr const char* kLastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Reads only, and one snapshot per statement.
using ReadTransaction = pqxx::transaction<pqxx::read_committed, pqxx::read_only>;

// The examination is to be a quiet guest: one process, and the index ranges of its page rather than whole tables.
constexpr const char* kCheckSettings =
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

constexpr const char* kFacts = R"(
  SELECT 'runs (estimate)', (SELECT greatest(reltuples, 0)::bigint::text FROM pg_class WHERE oid = 'holdfast.runs'::regclass)
  UNION ALL SELECT 'open runs', (SELECT count(*)::text FROM holdfast.live_runs)
  UNION ALL SELECT 'live workers', (SELECT count(*)::text FROM holdfast.workers WHERE lease_until > now())
  UNION ALL SELECT 'oldest transaction', (SELECT coalesce(date_trunc('second', max(now() - xact_start))::text, 'none')
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())
  UNION ALL SELECT 'dead rows', (SELECT coalesce(string_agg(format('%s %s', relname, n_dead_tup), ', ' ORDER BY n_dead_tup DESC), '0')
      FROM (SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE schemaname = 'holdfast' AND n_dead_tup > 0
             ORDER BY n_dead_tup DESC LIMIT 5) t)
  UNION ALL SELECT 'replication slots', (SELECT count(*)::text FROM pg_replication_slots)
  UNION ALL SELECT 'prepared transactions', (SELECT count(*)::text FROM pg_prepared_xacts WHERE database = current_database()))";

class Examination {
 public:
  Examination(const std::string& connection_string, const DoctorOptions& options)
      : connection_(connection_string), options_(options) {}

  DoctorReport run(std::vector<DoctorCheck> checks) {
    require_schema();
    for (const auto& check : checks) report_.checks.push_back({check.name, check.kind, {}, false, {}});
    examine_runs(checks);
    for (std::size_t i = 0; i < checks.size(); ++i)
      if (checks[i].scope == DoctorCheck::Scope::database) ask(checks[i], report_.checks[i], nullptr, nullptr);
    read_facts();
    return std::move(report_);
  }

 private:
  void require_schema() {
    ReadTransaction transaction(connection_);
    const auto found = transaction.exec("SELECT to_regclass('holdfast.live_runs') IS NOT NULL");
    if (!found.at(0).at(0).as<bool>()) throw SchemaMismatch("the database has no Holdfast schema: run `wfctl migrate`");
  }

  /// Every check over one range of runs before the next range, so that its rows are read while they are in memory.
  void examine_runs(const std::vector<DoctorCheck>& checks) {
    std::string after = options_.since ? first_id_since(*options_.since) : kNoId;
    for (bool more = true; more;) {
      const auto last = last_id_of_page(after);
      more = last.has_value();
      const std::string upto = last.value_or(kLastId);
      for (std::size_t i = 0; i < checks.size(); ++i)
        if (checks[i].scope == DoctorCheck::Scope::runs) ask(checks[i], report_.checks[i], after.c_str(), upto.c_str());
      report_.runs_examined += more ? options_.runs_per_page : count_runs(after);
      if (options_.on_progress) options_.on_progress(report_.runs_examined);
      after = upto;
    }
  }

  static std::string first_id_since(Timestamp since) {
    // Run ids begin in 1970: whoever asks for more means all of them.
    return make_uuid_v7(std::max(std::chrono::floor<std::chrono::milliseconds>(since.time_since_epoch()),
                                 std::chrono::milliseconds::zero()),
                        {})
        .to_string();
  }

  /// nullopt: fewer runs than a page are left, so that the last range has no end.
  std::optional<std::string> last_id_of_page(const std::string& after) {
    ReadTransaction transaction(connection_);
    const auto rows = transaction.exec_params(
        "SELECT run_id FROM holdfast.runs WHERE shard = 0 AND run_id > $1::uuid ORDER BY run_id OFFSET $2::int - 1 "
        "LIMIT 1",
        after, options_.runs_per_page);
    if (rows.empty()) return std::nullopt;
    return rows.at(0).at(0).as<std::string>();
  }

  std::int64_t count_runs(const std::string& after) {
    ReadTransaction transaction(connection_);
    return transaction.exec_params("SELECT count(*) FROM holdfast.runs WHERE shard = 0 AND run_id > $1::uuid", after)
        .at(0)
        .at(0)
        .as<std::int64_t>();
  }

  void ask(const DoctorCheck& check, DoctorResult& result, const char* after, const char* upto) {
    const int room = options_.findings_per_check - static_cast<int>(result.findings.size());
    if (result.more || !result.error.empty()) return;
    try {
      ReadTransaction transaction(connection_);
      transaction.exec(kCheckSettings);
      // One more than is kept tells whether there are more.
      const auto rows = after != nullptr ? transaction.exec_params(check.sql, after, upto, room + 1)
                                         : transaction.exec_params(check.sql, room + 1);
      for (const auto& row : rows) {
        if (static_cast<int>(result.findings.size()) < options_.findings_per_check)
          result.findings.push_back(row.at(0).as<std::string>());
        else
          result.more = true;
      }
    } catch (const pqxx::sql_error& e) {
      result.error = e.what();
    }
  }

  void read_facts() {
    ReadTransaction transaction(connection_);
    for (const auto& row : transaction.exec(kFacts))
      report_.facts.push_back({row.at(0).as<std::string>(), row.at(1).as<std::string>()});
  }

  pqxx::connection connection_;
  const DoctorOptions& options_;
  DoctorReport report_;
};

}  // namespace

bool DoctorReport::healthy() const {
  return std::ranges::all_of(checks, [](const DoctorResult& check) {
    return check.kind == DoctorCheck::Kind::warning || (check.findings.empty() && check.error.empty());
  });
}

DoctorReport examine(const std::string& connection_string, const std::vector<DoctorCheck>& extra,
                     const DoctorOptions& options) {
  auto checks = engine_doctor_checks();
  checks.insert(checks.end(), extra.begin(), extra.end());
  try {
    return Examination(connection_string, options).run(std::move(checks));
  } catch (const pqxx::broken_connection& e) {
    throw Unavailable(e.what());
  } catch (const pqxx::sql_error& e) {
    throw StatementFailed(e.what(), e.sqlstate());
  }
}

}  // namespace holdfast::store::postgres
