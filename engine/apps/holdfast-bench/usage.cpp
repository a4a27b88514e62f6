#include <chrono>
#include <stdexcept>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <workflows/usage_aggregation.hpp>

#include "engine_under_test.hpp"
#include "platform_services.hpp"

namespace bench {
namespace {

constexpr std::int64_t kCallsPerOrganization = 100;

/// Organizations, and a day of calls in the order in which they would have come; every hundredth organization is at 90
/// % of its plan.
void fill(const Database& database, std::int64_t calls) {
  database.execute(fmt::format(R"(
    INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end)
    SELECT md5(n::text)::uuid, 'organization-' || n, 'x', 'growth', 1000, now() - interval '10 days', now() + interval '20 days'
    FROM generate_series(1, {0}) n)",
                               calls / kCallsPerOrganization));
  database.execute(fmt::format(R"(
    INSERT INTO platform.calls (organization_id, created_at, id, status, ended_at, duration_ms, cost_usd)
    SELECT md5((n::bigint * 7919 % {0} + 1)::text)::uuid,
           (date_trunc('day', now(), 'UTC') - interval '1 day') + n * interval '86399 seconds' / {1}, 'call-' || n,
           CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'completed' END, now(), n % 600 * 1000, 0.05
    FROM generate_series(1, {1}) n)",
                               calls / kCallsPerOrganization, calls));
  database.execute(R"(
    INSERT INTO platform.usage_counters
    SELECT id, period_start, 1, 100, CASE WHEN substr(slug, 14)::integer % 100 = 0 THEN 900 ELSE 500 END
    FROM platform.organizations)");
  database.settle();
}

double seconds_of(EngineUnderTest& engine, const std::string& id, const std::string& date, std::int64_t calls) {
  const auto begin = std::chrono::steady_clock::now();
  const auto run = engine.client().start(platform::kUsageAggregation, id, {.date = date});
  const auto totals = run.result(std::chrono::minutes(10));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (totals.calls != calls)
    throw std::runtime_error(fmt::format("{} calls were aggregated, there are {}", totals.calls, calls));
  return took.count();
}

Figures measure(Bench& bench) {
  const std::int64_t calls =
      std::max(bench.settings.runs_or(1'000'000) / kCallsPerOrganization, std::int64_t{1}) * kCallsPerOrganization;
  const Database database(bench.server);
  fill(database, calls);
  PlatformServices services(database.runtime_url());
  EngineUnderTest engine(database.runtime_url(), bench.settings,
                         [](auto& options) { options.task_queues = {"billing"}; });
  services.add_to(engine.registry());
  engine.start();
  pqxx::connection connection(database.url());
  pqxx::nontransaction tx(connection);
  const std::string date = tx.exec1("SELECT (now() AT TIME ZONE 'UTC')::date - 1")[0].c_str();

  const double first = seconds_of(engine, "usage-1", date, calls);
  const double again = seconds_of(engine, "usage-2", date, calls);
  Figures figures;
  figures.set("seconds", first);
  figures.set("again_seconds", again);
  figures.set("calls_per_s", static_cast<double>(calls) / first);
  figures.set("organizations_per_s", static_cast<double>(calls / kCallsPerOrganization) / first);
  return figures;
}

}  // namespace

Report usage(Bench& bench) {
  Report report{.scenario = "usage", .repeats = {}, .remarks = {}};
  for (int i = 0; i < bench.settings.repeat; ++i) report.repeats.push_back(measure(bench));
  report.remarks.emplace_back(
      "UsageAggregation of one day on a real worker, 100 calls per organization; again_seconds is a second run, which "
      "changes nothing; one organization in a hundred gets an alert, whose run sends an e-mail by the local vendor");
  return report;
}

}  // namespace bench
