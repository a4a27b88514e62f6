#include "floor.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <libpq-fe.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include <holdfast/client/uuid_generator.hpp>

#include "meter.hpp"

// Exactly the rows and the transactions that a run of eight steps needs (design, section 7): one start, one claim, nine
// history rows of about 340 bytes, one close, a hundred runs to a transaction, on two connections. No engine: no
// coroutine, no decoding, no leases, no doorbells, nothing kept in memory.
namespace bench {
namespace {

using holdfast::Uuid;

constexpr int kHistoryRows = 9;
constexpr int kConnections = 2;

constexpr const char* kStart = R"(
WITH n AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::text[], $3::json[]) AS n (run_id, workflow_id, input)),
live AS (
  INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at)
  SELECT 0, run_id, 'default', workflow_id, 'default', 3, now() FROM n ON CONFLICT DO NOTHING RETURNING run_id)
INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, started_at)
SELECT 0, run_id, 'default', workflow_id, 'Steps8', 'default', input, now() FROM n
 WHERE (run_id IN (SELECT run_id FROM live)) IS TRUE)";

constexpr const char* kClaim = R"(
WITH due AS MATERIALIZED (
  SELECT run_id, ready_at FROM holdfast.live_runs WHERE shard = 0 AND task_queue = 'default' AND priority = 3
     AND owner IS NULL AND ready_at > $1::timestamptz AND ready_at <= now()
   ORDER BY ready_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED),
taken AS (
  UPDATE holdfast.live_runs l SET owner = $3::bigint, ready_at = 'infinity', claims = l.claims + 1, fresh = false
    FROM due WHERE l.shard = 0 AND l.run_id = due.run_id RETURNING l.run_id, due.ready_at)
SELECT t.run_id, r.workflow_id, r.input, (SELECT max(ready_at) - interval '5 s' FROM taken)
  FROM taken t CROSS JOIN LATERAL (SELECT * FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = t.run_id LIMIT 1) r)";

constexpr const char* kHistory = R"(
INSERT INTO holdfast.history (shard, run_id, event_id, at, events)
SELECT 0, u.run_id, $2::bigint, now(), u.events FROM unnest($1::uuid[], $3::json[]) AS u (run_id, events))";

constexpr const char* kClose = R"(
WITH c AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::json[]) AS c (run_id, result)),
gone AS (
  DELETE FROM holdfast.live_runs l USING c WHERE l.shard = 0 AND l.run_id = c.run_id AND l.owner = $3::bigint
     AND NOT l.rung)
UPDATE holdfast.runs r SET status = 'completed', result = c.result, closed_at = now()
  FROM c WHERE r.shard = 0 AND r.run_id = c.run_id)";

// As the engine's sessions: plans that do not change while the tables grow.
constexpr const char* kSessionSettings =
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/// An array in PostgreSQL's binary format.
class BinaryArray {
 public:
  explicit BinaryArray(std::uint32_t type) : type_(type) {}
  void append(std::string_view bytes) {
    integer(data_, static_cast<std::uint32_t>(bytes.size()));
    data_.append(bytes);
    ++count_;
  }
  void append(const Uuid& id) {
    append(std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()));
  }
  std::string finish() const {
    std::string out;
    for (const std::uint32_t header : {1U, 0U, type_, count_, 1U}) integer(out, header);
    return out + data_;
  }

 private:
  static void integer(std::string& to, std::uint32_t value) {
    const std::uint32_t big = htonl(value);
    to.append(reinterpret_cast<const char*>(&big), sizeof big);
  }
  std::uint32_t type_, count_ = 0;
  std::string data_;
};
constexpr std::uint32_t kUuidType = 2950, kTextType = 25, kJsonType = 114;

std::string bigint(std::int64_t value) {
  const std::uint64_t big = htobe64(static_cast<std::uint64_t>(value));
  return std::string(reinterpret_cast<const char*>(&big), sizeof big);
}

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

class Session {
 public:
  explicit Session(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    for (const auto& [name, sql] :
         {std::pair("start", kStart), {"claim", kClaim}, {"history", kHistory}, {"close", kClose}})
      checked({PQprepare(connection_.get(), name, sql, 0, nullptr), &PQclear});
  }
  Result run(const char* name, const std::vector<std::string>& parameters, int result_format = 1) {
    const char* values[4];
    int lengths[4];
    const int formats[4] = {1, 1, 1, 1};
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      values[i] = parameters[i].data();
      lengths[i] = static_cast<int>(parameters[i].size());
    }
    return checked({PQexecPrepared(connection_.get(), name, static_cast<int>(parameters.size()), values, lengths,
                                   formats, result_format),
                    &PQclear});
  }
  void execute(const char* sql) { checked({PQexec(connection_.get(), sql), &PQclear}); }

 private:
  Result checked(Result result) {
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      throw std::runtime_error(PQresultErrorMessage(result.get()));
    return result;
  }
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

/// What a step of steps8 records: the result of one activity and the order for the next.
std::string events_of_row(int row) {
  const std::string result = R"({"text":")" + std::string(188, 'x') + R"("})";
  const std::string completed =
      R"({"type":"ActivityCompleted","seq":)" + std::to_string(row - 1) + R"(,"result":)" + result + "}";
  const std::string scheduled = R"({"type":"ActivityScheduled","seq":)" + std::to_string(row) +
                                R"(,"activity":"step","input":{"step":)" + std::to_string(row) + "}}";
  if (row == 1) return R"([{"type":"WorkflowStarted"},)" + scheduled + "]";
  if (row == kHistoryRows) return "[" + completed + R"(,{"type":"WorkflowCompleted","result":)" + result + "}]";
  return "[" + completed + "," + scheduled + "]";
}

/// One of the connections: starts its share, and works off what it claims until everything is closed.
class Loop {
 public:
  Loop(const std::string& url, int number, int batch) : session_(url), number_(number), batch_(batch) {
    for (int row = 1; row <= kHistoryRows; ++row) events_.push_back(events_of_row(row));
  }

  void run(std::int64_t share, std::int64_t total, std::atomic<std::int64_t>& closed) {
    for (std::int64_t started = 0; started < share || closed.load() < total;) {
      if (started < share) started += start(std::min<std::int64_t>(batch_, share - started));
      closed += process();
    }
  }

 private:
  std::int64_t start(std::int64_t count) {
    BinaryArray ids(kUuidType), names(kTextType), inputs(kJsonType);
    for (std::int64_t i = 0; i < count; ++i) {
      const Uuid id = holdfast::client::new_uuid();
      ids.append(id);
      names.append("steps8-" + id.to_string());
      inputs.append(R"({"text":"hello"})");
    }
    session_.run("start", {ids.finish(), names.finish(), inputs.finish()});
    return count;
  }

  std::int64_t process() {
    session_.execute("BEGIN");
    const auto claimed = session_.run("claim", {bound_, bigint(batch_), bigint(number_)});
    const int count = PQntuples(claimed.get());
    if (count == 0) {
      session_.execute("COMMIT");
      std::this_thread::yield();
      return 0;
    }
    bound_.assign(PQgetvalue(claimed.get(), 0, 3), static_cast<std::size_t>(PQgetlength(claimed.get(), 0, 3)));
    BinaryArray ids(kUuidType);
    for (int i = 0; i < count; ++i)
      ids.append(std::string_view(PQgetvalue(claimed.get(), i, 0),
                                  static_cast<std::size_t>(PQgetlength(claimed.get(), i, 0))));
    const std::string runs = ids.finish();
    append(runs, count, 1);
    session_.execute("COMMIT");
    for (int row = 2; row < kHistoryRows; ++row) append(runs, count, row);  // each a transaction of its own
    session_.execute("BEGIN");
    append(runs, count, kHistoryRows);
    BinaryArray results(kJsonType);
    for (int i = 0; i < count; ++i) results.append(R"({"text":"done"})");
    session_.run("close", {runs, results.finish(), bigint(number_)});
    session_.execute("COMMIT");
    return count;
  }

  void append(const std::string& runs, int count, int row) {
    BinaryArray events(kJsonType);
    for (int i = 0; i < count; ++i) events.append(events_[static_cast<std::size_t>(row - 1)]);
    session_.run("history", {runs, bigint(2 * row - 1), events.finish()});
  }

  Session session_;
  const int number_, batch_;
  std::vector<std::string> events_;
  std::string bound_ = bigint(INT64_MIN);  // -infinity
};

void run_loops(const Database& database, std::int64_t runs, int batch) {
  std::atomic<std::int64_t> closed = 0;
  std::exception_ptr error;
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kConnections; ++i) {
      threads.emplace_back([&, i] {
        try {
          const std::int64_t share = runs / kConnections + (i < runs % kConnections ? 1 : 0);
          Loop(with_options(database.url(), kSessionSettings), i + 1, batch).run(share, runs, closed);
        } catch (...) {
          if (!failed.exchange(true)) error = std::current_exception();
          closed = runs;  // the others must not wait for this one's share
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace

Figures measure_floor(Bench& bench, std::int64_t runs) {
  const Database database(bench.server);
  run_loops(database, 1000, bench.settings.floor_batch);
  database.settle();
  Meter meter(database);
  run_loops(database, runs, bench.settings.floor_batch);
  meter.lap();
  return meter.finish(static_cast<double>(runs), kHistoryRows - 1);
}

void warm_up(Bench& bench) {
  static bool done = false;
  if (std::exchange(done, true)) return;
  const Database database(bench.server);
  run_loops(database, bench.settings.runs_or(20'000), bench.settings.floor_batch);
}

Report floor(Bench& bench) {
  Report report{.scenario = "floor", .repeats = {}, .remarks = {"a bare libpq loop without an engine: the reference"}};
  warm_up(bench);
  for (int i = 0; i < bench.settings.repeat; ++i)
    report.repeats.push_back(measure_floor(bench, bench.settings.runs_or(20'000)));
  return report;
}

}  // namespace bench
