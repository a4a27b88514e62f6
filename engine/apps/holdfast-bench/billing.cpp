#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <workflows/billing_sweep.hpp>

#include "engine_under_test.hpp"
#include "platform_services.hpp"

namespace bench {
namespace {

constexpr int kCalls = 200;     // per organization, 10 minutes each
constexpr int kOverage = 1000;  // minutes beyond the plan's 1,000

/// Organizations whose period ended an hour ago, with twice the minutes of their plan.
void fill(const Database& database, std::int64_t organizations) {
  database.execute(fmt::format(R"(
    INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, stripe_customer_id)
    SELECT md5(n::text)::uuid, 'organization-' || n, 'x', 'growth', 1000, now() - interval '30 days',
           now() - interval '1 hour', 'cus_' || n
    FROM generate_series(1, {}) n)",
                               organizations));
  database.execute(fmt::format(R"(
    INSERT INTO platform.usage_ledger (organization_id, source, occurred_at, period_start, minutes)
    SELECT id, 'call:' || n, period_end - n * interval '1 hour', period_start, 10
    FROM platform.organizations, generate_series(1, {}) n)",
                               kCalls));
  database.execute(fmt::format(
      "INSERT INTO platform.usage_counters SELECT id, period_start, 1, {0}, {0} * 10 FROM platform.organizations",
      kCalls));
  database.settle();
}

Figures measure(Bench& bench) {
  const std::int64_t organizations = bench.settings.runs_or(1'000);
  const Database database(bench.server);
  fill(database, organizations);
  PlatformServices services(database.runtime_url());
  EngineUnderTest engine(database.runtime_url(), bench.settings, [](auto& options) {
    options.task_queues = {"billing"};
    options.activity_threads = 16;
  });
  services.add_to(engine.registry());
  engine.start();
  const auto begin = std::chrono::steady_clock::now();
  engine.client().start(platform::kBillingSweep, "sweep", {}).result(std::chrono::minutes(5));
  engine.wait_closed(organizations + 1);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  pqxx::connection connection(database.url());
  pqxx::nontransaction tx(connection);
  const auto wrong = tx.exec1(fmt::format(
      "SELECT count(*) FROM platform.organizations o LEFT JOIN platform.billing_periods b ON b.organization_id = o.id "
      "WHERE o.period_end < now() OR b.reported_minutes IS DISTINCT FROM {}",
      kOverage))[0]
                         .as<std::int64_t>();
  if (wrong != 0) throw std::runtime_error(fmt::format("{} organizations were not billed as they should be", wrong));
  Figures figures;
  figures.set("runs_per_s", static_cast<double>(organizations) / took.count());
  figures.set("seconds", took.count());
  return figures;
}

}  // namespace

Report billing(Bench& bench) {
  Report report{.scenario = "billing", .repeats = {}, .remarks = {}};
  for (int i = 0; i < bench.settings.repeat; ++i) report.repeats.push_back(measure(bench));
  report.remarks.emplace_back(
      "one BillingSweep, and a BillingCycle run with one report for each organization, to the next period of all of "
      "them; 200 calls per organization; the local vendor, which answers at once");
  return report;
}

}  // namespace bench
