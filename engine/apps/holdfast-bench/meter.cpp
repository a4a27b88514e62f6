#include "meter.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <pqxx/pqxx>

namespace bench {
namespace {

struct Stat {
  pid_t parent = 0;
  double own = 0, ended_children = 0;
};

/// Of /proc/<pid>/stat; zeros for a process that has ended.
Stat read_stat(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  Stat stat;
  double skipped = 0, user = 0, system = 0, child_user = 0, child_system = 0;
  fields >> state >> stat.parent;
  for (int i = 0; i < 9; ++i) fields >> skipped;
  fields >> user >> system >> child_user >> child_system;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stat.own = (user + system) / ticks;
  stat.ended_children = (child_user + child_system) / ticks;
  return stat;
}

}  // namespace

double server_cpu_seconds(pid_t postmaster) {
  if (postmaster == 0) return 0;
  const Stat parent = read_stat(std::to_string(postmaster));
  double sum = parent.own + parent.ended_children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (const Stat stat = read_stat(name); stat.parent == postmaster) sum += stat.own;
  }
  return sum;
}

Meter::Meter(const Database& database)
    : database_(database), start_(read()), started_(std::chrono::steady_clock::now()) {
  ended_ = started_;
}

void Meter::lap() { ended_ = std::chrono::steady_clock::now(); }

double Meter::seconds() const { return std::chrono::duration<double>(ended_ - started_).count(); }

Meter::Counters Meter::read() const {
  pqxx::connection connection(database_.url());
  pqxx::nontransaction session(connection);
  const auto row = session.exec1(R"(
    SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint, sum(n_tup_ins + n_tup_upd + n_tup_del), sum(n_tup_upd - n_tup_hot_upd),
           pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
      FROM pg_stat_user_tables WHERE schemaname IN ('holdfast', 'platform'))");
  return {.transactions = row[0].as<std::int64_t>(),
          .commits = row[1].as<std::int64_t>(),
          .row_writes = row[2].as<std::int64_t>(),
          .non_hot_updates = row[3].as<std::int64_t>(),
          .wal_bytes = row[4].as<std::int64_t>(),
          .cpu_seconds = server_cpu_seconds(database_.server().pid())};
}

Figures Meter::finish(double runs, double steps_per_run) const {
  // A session that has just been closed reports a moment later.
  usleep(300'000);
  const Counters end = read();
  Figures out;
  out.set("runs_per_s", runs / seconds());
  out.set("steps_per_s", runs * steps_per_run / seconds());
  out.set("seconds", seconds());
  out.set("runs", runs);
  out.set("transactions_per_run", static_cast<double>(end.transactions - start_.transactions) / runs);
  out.set("commits_per_run", static_cast<double>(end.commits - start_.commits) / runs);
  out.set("wal_bytes_per_run", static_cast<double>(end.wal_bytes - start_.wal_bytes) / runs);
  out.set("row_writes_per_run", static_cast<double>(end.row_writes - start_.row_writes) / runs);
  out.set("non_hot_updates_per_run", static_cast<double>(end.non_hot_updates - start_.non_hot_updates) / runs);
  if (database_.server().pid() != 0) {
    out.set("pg_cpu_us_per_step", (end.cpu_seconds - start_.cpu_seconds) * 1e6 / (runs * steps_per_run));
  }
  return out;
}

}  // namespace bench
