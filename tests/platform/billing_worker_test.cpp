#include <activities/registration.hpp>
#include <activities/standin/standin_server.hpp>
#include <activities/vendors/curl_http_client.hpp>
#include <activities/vendors/stripe_usage_billing.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/testing/replay_tester.hpp>
#include <holdfast/worker/worker.hpp>
#include <workflows/billing_cycle.hpp>
#include <workflows/billing_sweep.hpp>
#include <workflows/definitions.hpp>
#include <workflows/meter_errors.hpp>
#include <workflows/usage_aggregation.hpp>

#include "billing_fixture.hpp"

namespace platform::test {
namespace {

using namespace std::chrono_literals;
using standin::FaultMode;

/// Billing's workflows on a real worker, which connects as the runtime role, against Stripe's stand-in.
class BillingOnAWorker : public BillingTest {
 protected:
  BillingOnAWorker() {
    register_workflows(registry_);
    register_activities(registry_, through_stripe_);
    holdfast::worker::WorkerOptions options;
    options.task_queues = {kBillingQueue};
    options.activity_threads = 4;
    worker_ = std::make_unique<holdfast::worker::Worker>(*store_, registry_, options);
    worker_->start();
  }
  ~BillingOnAWorker() override { EXPECT_TRUE(worker_->stop()); }

  BillingDone cycle_of(const holdfast::Uuid& id) {
    return client_.find(kBillingCycle, "billing-" + id.to_string()).result(60s);
  }
  void expect_replays(const std::string& workflow_id) {
    const auto recorded = holdfast::testing::record_run(*store_, client_.exact(client_.key(workflow_id)).run_id);
    for (const auto& definition : workflow_definitions())
      if (definition.name == recorded.info.workflow_type)
        EXPECT_NO_THROW(holdfast::testing::expect_replays_from_every_prefix(definition, recorded)) << workflow_id;
  }
  void fault(FaultMode mode, int status = 500) { standin_.state().faults.add({.mode = mode, .status = status}); }

  standin::StandinServer standin_;
  const std::string url_ = (standin_.start(), standin_.url());
  vendors::CurlHttpClient http_{vendors::CurlOptions{.policy = vendors::NetworkPolicy::with_loopback()}};
  vendors::StripeUsageBilling stripe_{http_,
                                      {.base_url = url_,
                                       .api_key = standin_.state().keys.stripe,
                                       .meter_id = std::string(standin::StripeStandin::kMeter)}};
  Services through_stripe_ = with_billing(stripe_);
  std::unique_ptr<holdfast::store::Store> store_ =
      holdfast::store::open_postgres_store({.connection_string = runtime_});
  holdfast::client::Client client_{*store_};
  holdfast::worker::Registry registry_;
  std::unique_ptr<holdfast::worker::Worker> worker_;
};

TEST_F(BillingOnAWorker, the_sweep_bills_every_organization_whose_period_ended_whatever_the_vendor_does) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  period_of(globex_, "2025-10-31 00:00+00", "2025-11-30 00:00+00", 10);
  use(acme_, "2025-01-20 12:00+00", 130);
  use(acme_, "2025-03-20 12:00+00", 150);
  use(globex_, "2025-11-02 12:00+00", 17);
  fault(FaultMode::reset_after_commit);
  fault(FaultMode::status, 429);
  fault(FaultMode::malformed_body);
  const auto swept = client_.start(kBillingSweep, "sweep-1", {.grace_seconds = 0}).result(60s);
  EXPECT_EQ(swept.organizations, 2);
  EXPECT_EQ(swept.due, 2);
  EXPECT_EQ(cycle_of(acme_).overage_minutes, 80);
  EXPECT_EQ(cycle_of(globex_).overage_minutes, 7);
  EXPECT_EQ(standin_.state().stripe.total("cus_acme"), 80);
  EXPECT_EQ(standin_.state().stripe.total("cus_globex"), 7);
  EXPECT_EQ(client_.start(kBillingSweep, "sweep-2", {.grace_seconds = 0}).result(60s).due, 0);
  expect_replays("sweep-1");
  expect_replays("billing-" + acme_.to_string());
}

TEST_F(BillingOnAWorker, rejected_usage_is_billed_again) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  client_.start(kBillingSweep, "sweep-1", {.grace_seconds = 0}).result(60s);
  cycle_of(acme_);
  const auto event =
      standin_.state().stripe.reject(owner_value("SELECT identifier FROM platform.usage_reports"), "archived_meter");
  const std::string id(event.at("id").as_string());
  EXPECT_EQ(client_.start(kMeterErrors, "stripe-event-" + id, {.event_id = id}).result(60s).rejected, 1);
  owner("UPDATE platform.billing_periods SET next_try = now()");
  client_.start(kBillingSweep, "sweep-2", {.grace_seconds = 0}).result(60s);
  EXPECT_EQ(cycle_of(acme_).reports, 1);
  EXPECT_EQ(standin_.state().stripe.total("cus_acme"), 30);
}

TEST_F(BillingOnAWorker, a_day_is_aggregated_and_its_alerts_are_mailed) {
  owner(
      "INSERT INTO platform.calls (organization_id, created_at, id, status, duration_ms) SELECT id, now() - interval "
      "'1 day', 'c', 'completed', 60000 FROM platform.organizations");
  owner("INSERT INTO platform.usage_counters SELECT id, period_start, 1, 1, 1000 FROM platform.organizations");
  const auto totals = client_.start(kUsageAggregation, "usage-1", {}).result(60s);
  EXPECT_EQ(totals.organizations, 2);
  EXPECT_EQ(totals.calls, 2);
  // The alerts belong to the first page that was looked at, which was of the day before.
  for (const auto& row : owner("SELECT workflow_id FROM holdfast.runs WHERE workflow_type = 'UsageAlert'"))
    EXPECT_EQ(client_.wait_closed(client_.key(row[0].c_str()), 60s)->status, holdfast::store::RunStatus::completed);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.outbox WHERE channel = 'email'"), "4");
  EXPECT_EQ(client_.start(kUsageAggregation, "usage-2", {}).result(60s).changed, 0);
  expect_replays("usage-1");
}

}  // namespace
}  // namespace platform::test
