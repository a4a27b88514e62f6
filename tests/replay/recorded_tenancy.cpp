#include "recorded_tenancy.hpp"

#include <filesystem>
#include <fstream>

#include <activities/broadcasts.hpp>
#include <activities/call_record.hpp>
#include <activities/call_webhooks.hpp>
#include <activities/recording_copy.hpp>
#include <activities/usage.hpp>
#include <holdfast/testing/environment.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/onboarding.hpp>
#include <workflows/partition_upkeep.hpp>
#include <workflows/vapi_reconcile.hpp>
#include <workflows/webhook_delivery.hpp>
#include <workflows/webhook_redelivery.hpp>

namespace holdfast::test {
namespace {

using namespace platform;
using namespace std::chrono_literals;

const Uuid kOrganization = Uuid::parse("00000000-0000-7000-8000-00000000000a");
const Uuid kEndpoint = Uuid::parse("00000000-0000-7000-8000-0000000000f1");
const Timestamp kTime = parse_rfc3339("2026-11-30T17:00:00Z");

void save_run(const std::string& folder, const std::string& name, const testing::Environment& env) {
  const auto path = folder + "/" + name + ".json";
  if (!std::filesystem::exists(path)) std::ofstream(path) << testing::encode_recorded_run(env.recorded());
}

void record_webhooks(const std::string& folder) {
  for (const bool gone : {false, true}) {
    testing::Environment env;
    int posts = 0;
    env.on(post_webhook, [&](const DeliveryKey&) {
      ++posts;
      if (posts == 1) throw ApplicationError(kEndpointBusy, "no place").with_next_retry(1s);
      return WebhookAnswer{.status = posts == 2 ? 503 : gone ? 410 : 200, .latency_ms = 5, .retry_after_s = 7};
    });
    env.on(log_webhook_attempt, [](const WebhookAttempt&) { return Nothing{}; });
    env.on(give_up_webhook, [](const WebhookGivenUp&) { return EndpointState{true}; });
    env.on(email_endpoint_disabled, [](const EndpointNotice&) { return Nothing{}; });
    env.start(kWebhookDelivery, webhook_delivery, {kOrganization, kEndpoint, "call-completed-1", kTime, 3});
    env.run();
    save_run(folder, gone ? "WebhookDelivery-gone" : "WebhookDelivery", env);
  }
  testing::Environment range;
  int pages = 0;
  range.on(redeliver_page, [&](const RedeliveryRange&) {
    RedeliveredPage page{.started = 100};
    if (++pages == 1) page.last = DeliveryPosition{kTime, "m"};
    return page;
  });
  range.execute(kWebhookRedelivery, webhook_redelivery, {kOrganization, kEndpoint, kTime, kTime + 1h, {"failed"}});
  save_run(folder, "WebhookRedelivery", range);
}

void record_onboarding(const std::string& folder) {
  for (const bool verified : {true, false}) {
    testing::Environment env;
    env.on(create_organization, [](const SignUp&) { return Nothing{}; });
    env.on(provision_number, [](const NumberWish&) { return ProvisionedNumber{"+14155551000", "PN1", "twilio"}; });
    env.on(record_number, [](const RecordNumber&) { return Nothing{}; });
    env.on(send_welcome, [](const WelcomeMail&) { return Nothing{}; });
    env.on(activate_organization, [](const OnboardingKey&) { return Nothing{}; });
    env.on(forget_numbers, [](const OnboardingKey&) { return Nothing{}; });
    env.on(release_numbers, [](const OnboardingKey&) { return Nothing{}; });
    env.on(remove_organization, [](const OnboardingEnded&) { return Nothing{}; });
    if (verified) env.signal_after(25h, kAddressVerified, {.email = "a@b.c"});
    env.start(kOnboarding, onboarding,
              {.organization_id = kOrganization,
               .slug = "acme",
               .name = "Acme",
               .plan_id = "starter",
               .owner_email = "a@b.c",
               .owner_name = "Ann",
               .verification_token = "token",
               .verification_url = ""});
    env.run();
    save_run(folder, verified ? "Onboarding" : "Onboarding-undone", env);
  }
}

void record_upkeep(const std::string& folder) {
  testing::Environment reconcile;
  int pages = 0;
  reconcile.on(reconcile_calls, [&](const ReconcilePage& page) {
    ReconciledPage out{.seen = 100, .filed = 1};
    if (++pages == 1) out.oldest = page.before - 1h;
    return out;
  });
  reconcile.execute(kVapiReconcile, vapi_reconcile, {});
  save_run(folder, "VapiReconcile", reconcile);
  testing::Environment upkeep;
  upkeep.on(make_partitions, [](const UpkeepRequest&) { return PartitionsMade{.created = 13}; });
  upkeep.execute(kPartitionUpkeep, partition_upkeep, {});
  save_run(folder, "PartitionUpkeep", upkeep);
}

void record_copy(const std::string& folder) {
  testing::Environment env;
  env.on(update_call_record, [](const CallKey&) {
    CallFacts facts{.duration_ms = 61'000, .has_recording = true};
    facts.copy_recording = true;
    return facts;
  });
  env.on(store_recording, [](const CallKey&) { return Nothing{}; });
  env.on(copy_recording, [](const CallKey&) { return RecordingCopied{.bytes = 7}; }, 3s);
  env.on(record_recording_copy, [](const CallKey&) { return Nothing{}; });
  env.on(add_usage, [](const CallUsage&) { return UsageAdded{2, true}; });
  env.on(start_call_webhooks, [](const CallKey&) { return WebhooksStarted{2}; });
  env.on(broadcast_call, [](const CallBroadcast&) { return Nothing{}; });
  env.execute(kCallProcessing, call_processing, {kOrganization, "c1", kTime});
  save_run(folder, "CallProcessing-copy", env);
}

}  // namespace

void record_tenancy(const std::string& folder) {
  record_webhooks(folder);
  record_onboarding(folder);
  record_upkeep(folder);
  record_copy(folder);
}

}  // namespace holdfast::test
