#include "platform_fixture.hpp"

#include <activities/registration.hpp>
#include <activities/vendors/vendor_error.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/testing/replay_tester.hpp>
#include <holdfast/worker/worker.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/call_started.hpp>
#include <workflows/definitions.hpp>
#include <workflows/webhook_delivery.hpp>

namespace platform::test {
namespace {

using namespace std::chrono_literals;
using holdfast::client::Client;

class RefusingExtractor final : public vendors::ActionItemExtractor {
 public:
  vendors::ExtractedActions extract(const vendors::CallText&) override {
    throw vendors::VendorError({.kind = vendors::VendorErrorKind::permanent, .vendor = "openai", .code = "refused"});
  }
};

/// The workflows on a real worker, which connects as the runtime role.
class OnAWorker : public PlatformTest {
 protected:
  void start(Services& services) {
    register_workflows(registry_);
    register_activities(registry_, services);
    holdfast::worker::WorkerOptions options;
    options.task_queues = {"calls", "webhooks"};
    options.activity_threads = 4;
    worker_ = std::make_unique<holdfast::worker::Worker>(*store_, registry_, options);
    worker_->start();
  }
  void TearDown() override {
    if (worker_) EXPECT_TRUE(worker_->stop());
  }
  CallProcessed process(const CallKey& call) {
    return client_.start(kCallProcessing, call_workflow_id(call), call).result(60s);
  }
  void expect_replays(const std::string& workflow_id) {
    const auto run = client_.exact(client_.key(workflow_id));
    const auto recorded = holdfast::testing::record_run(*store_, run.run_id);
    for (const auto& definition : workflow_definitions())
      if (definition.name == recorded.info.workflow_type)
        EXPECT_NO_THROW(holdfast::testing::expect_replays_from_every_prefix(definition, recorded)) << workflow_id;
  }

  std::unique_ptr<holdfast::store::Store> store_ =
      holdfast::store::open_postgres_store({.connection_string = runtime_});
  Client client_{*store_};
  holdfast::worker::Registry registry_;
  std::unique_ptr<holdfast::worker::Worker> worker_;
};

TEST_F(OnAWorker, a_call_is_processed_and_its_webhook_delivered) {
  start(services_);
  const auto started = receive("status-update", "in-progress", kStatusUpdate, "call-0");
  client_.start(kCallStarted, call_started_workflow_id(started), started).result(60s);
  const auto call = receive_report();
  const auto done = process(call);
  EXPECT_EQ(done.minutes, 2);
  EXPECT_EQ(done.webhooks, 1);
  EXPECT_GE(done.action_items, 1);
  EXPECT_TRUE(done.failed_steps.empty());

  const auto webhook = owner_value("SELECT workflow_id FROM holdfast.runs WHERE workflow_type = 'WebhookDelivery'");
  EXPECT_EQ(client_.find(kWebhookDelivery, webhook).result(60s).status, 200);
  EXPECT_EQ(owner_value("SELECT status || ' ' || attempts FROM platform.webhook_deliveries"), "delivered 1");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.outbox"), "2");
  broadcasts_.flush();
  EXPECT_EQ(owner_value("SELECT string_agg(event, ' ' ORDER BY id) FROM platform.broadcasts"),
            "call_started call_completed");
  for (const auto& id : {call_started_workflow_id(started), call_workflow_id(call), webhook}) expect_replays(id);
}

TEST_F(OnAWorker, a_refusing_model_is_recorded_and_does_not_fail_the_call) {
  RefusingExtractor refusing;
  Services services{{}, database_, caches_, refusing, sms_, email_, broadcaster_, endpoint_, billing_};
  start(services);
  const auto call = receive_report();
  EXPECT_EQ(process(call).failed_steps, (std::vector<std::string>{"action_items"}));
  EXPECT_EQ(owner_value("SELECT action || ' ' || actor || ' ' || (detail ->> 'step') FROM platform.audit_log"),
            "call.step_failed " + call_workflow_id(call) + " action_items");
  EXPECT_EQ(owner_value("SELECT minutes_used FROM platform.organization_usage WHERE slug = 'acme'"), "2");
  expect_replays(call_workflow_id(call));
  EXPECT_TRUE(worker_->stop());  // the webhook's run works with `services` too
}

TEST_F(OnAWorker, a_call_without_a_stored_report_fails_visibly_and_leaves_nothing_half_done) {
  start(services_);
  auto call = receive_report();
  call.call_id = "unknown";
  try {
    process(call);
    FAIL() << "there is no report";
  } catch (const holdfast::client::WorkflowFailedError& e) {
    ASSERT_TRUE(e.run.failure);
    EXPECT_NE(holdfast::describe(*e.run.failure).find("ReportNotFound"), std::string::npos) << e.what();
  }
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.calls"), "0");
  expect_replays(call_workflow_id(call));
}

TEST_F(OnAWorker, many_calls_of_one_tenant_count_every_minute_once) {
  start(services_);
  std::vector<holdfast::client::RunHandle<CallProcessed>> runs;
  for (int i = 0; i < 60; ++i) {
    const auto call = receive("end-of-call-report", "", kReport, "call-" + std::to_string(i));
    runs.push_back(client_.start(kCallProcessing, call_workflow_id(call), call));
  }
  for (const auto& run : runs) EXPECT_EQ(run.result(120s).minutes, 2);
  EXPECT_EQ(owner_value("SELECT sum(minutes) || ' ' || count(*) FROM platform.usage_ledger"), "120 60");
  EXPECT_EQ(owner_value("SELECT minutes_used || ' ' || calls FROM platform.organization_usage WHERE slug = 'acme'"),
            "120 60");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_deliveries"), "60");
}

}  // namespace
}  // namespace platform::test
