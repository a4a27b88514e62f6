#include "recorded_workflows.hpp"

#include "recorded_insights.hpp"
#include "recorded_tenancy.hpp"

#include <filesystem>
#include <fstream>

#include <activities/action_items.hpp>
#include <activities/broadcasts.hpp>
#include <activities/call_notices.hpp>
#include <activities/call_record.hpp>
#include <activities/call_webhooks.hpp>
#include <activities/usage.hpp>
#include <activities/webhook_posts.hpp>
#include <holdfast/core/map.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/testing/environment.hpp>
#include <workflows/billing_cycle.hpp>
#include <workflows/billing_sweep.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/call_started.hpp>
#include <workflows/meter_errors.hpp>
#include <workflows/usage_aggregation.hpp>
#include <workflows/usage_alert.hpp>
#include <workflows/webhook_delivery.hpp>

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;

struct Item {
  std::string name;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, count))

const Activity<Item, Item> work{"work", {.start_to_close = 10s, .retry = {.max_attempts = 3}}};
const TransactionalActivity<Item, Item> save{"save", {.start_to_close = 10s}};
const Signal<Item> add{"add"};

const Update<Item, Item> kBook{"book"};
const Update<Nothing, Item> kPeek{"peek"};
const Update<Nothing> kClose{"close"};

using Type = WorkflowType<Item, Item>;
const Type kSteps{"RecordedSteps", "default"}, kFanOut{"RecordedFanOut", "default"}, kRace{"RecordedRace", "default"},
    kSignals{"RecordedSignals", "default"}, kCancel{"RecordedCancel", "default"},
    kFailure{"RecordedFailure", "default"}, kChance{"RecordedChance", "default"},
    kChildren{"RecordedChildren", "default"}, kMap{"RecordedMap", "default"},
    kContinued{"RecordedContinued", "default"}, kTagged{"RecordedTagged", "default"},
    kUpdated{"RecordedUpdates", "default"}, kPart{"Part", "parts"};

Workflow<Item> steps(Context ctx, Item item) {
  for (int i = 0; i < 3; ++i) item = co_await ctx.run(work, item);
  item = co_await ctx.run(save, item);
  co_await ctx.sleep(1h);
  co_return co_await ctx.run(save, item);
}

Workflow<Item> one_part(Context ctx, Item item) { co_return co_await ctx.run(work, item); }

Workflow<Item> fan_out(Context ctx, Item item) {
  auto [a, b] = co_await when_all(ctx.run(work, item), ctx.run(work, {.name = "b", .count = 2}));
  std::vector<Future<Item>> more;
  for (int i = 0; i < 5; ++i) more.push_back(ctx.run(work, {.name = "more", .count = i}));
  for (const auto& done : co_await when_all(std::move(more))) a.count += done.count;
  const auto part = co_await one_part(ctx, b);
  co_return Item{a.name, a.count + part.count};
}

Workflow<Item> race(Context ctx, Item item) {
  auto slow = ctx.run(work, item);
  auto timeout = ctx.sleep(5s);
  if (co_await when_any(slow, timeout) == 1) slow.cancel();
  auto timer = ctx.sleep(1min);
  auto quick = ctx.run(work, item);
  const auto first = co_await when_any(quick, timer);
  co_return Item{"won", static_cast<std::int64_t>(first)};
}

Workflow<Item> signals(Context ctx, Item item) {
  for (;;) {
    const auto more = co_await ctx.receive(add, 10min);
    if (!more) break;
    item.count += more->count;
    if (more->name == "last") break;
  }
  const auto timed_out = co_await ctx.receive(add, 10min);
  co_return Item{timed_out ? "signaled" : "timed out", item.count};
}

Workflow<Item> canceled(Context ctx, Item item) {
  bool stopped = false;
  try {
    co_await ctx.sleep(24h);
  } catch (const CanceledError&) {
    stopped = true;
  }
  if (stopped) item = co_await ctx.run(save, item);
  auto more = co_await ctx.receive(add, 1h);
  co_return item;
}

Workflow<Item> failing(Context ctx, Item item) {
  bool failed = false;
  try {
    co_await ctx.run(work, {.name = "fail", .count = 1});
  } catch (const ActivityError& e) {
    failed = e.cause_type() == "Broken";
  }
  if (failed) co_await ctx.run(save, item);
  throw ApplicationError("GaveUp", "as planned");
}

Workflow<Item> chance(Context ctx, Item item) {
  if (ctx.random() % 2 == 0) item = co_await ctx.run(work, item);
  item.name = ctx.uuid().to_string();
  co_await ctx.sleep(std::chrono::seconds(ctx.random() % 60));
  co_return co_await ctx.run(work, {.name = to_rfc3339(ctx.now()), .count = item.count});
}

Workflow<Item> children(Context ctx, Item item) {
  auto abandoned = ctx.start_child(kPart, item, {.parent_close_policy = ParentClosePolicy::abandon});
  auto named = ctx.start_child(kPart, {.name = "fail", .count = 1}, {.workflow_id = "named"});
  co_await named.started();
  bool failed = false;
  try {
    co_await named.result();
  } catch (const ChildWorkflowError& e) {
    failed = e.cause_type() == "Broken";
  }
  auto slow = ctx.start_child(kPart, item);
  co_await ctx.sleep(1s);
  slow.cancel();
  try {
    item = co_await slow.result();
  } catch (const CanceledError&) {
    item.name = "canceled";
  }
  auto impatient = ctx.start_child(kPart, item, {.wait_for_cancellation = false});
  co_await impatient.started();
  impatient.cancel();
  const auto last = co_await ctx.run_child(kPart, item);
  co_return Item{failed ? last.name : "not failed", last.count + (co_await abandoned.result()).count};
}

Workflow<Item> mapped(Context ctx, Item item) {
  std::vector<Item> inputs;
  for (int i = 0; i < 6; ++i) inputs.push_back({i == 4 ? "fail" : item.name, i});
  for (const auto& done : co_await map_settled(ctx, inputs, 2, [&](const Item& i) { return ctx.run(work, i); }))
    item.count += done.value ? done.value->count : 1000;
  bool failed = false;
  try {
    co_await map(ctx, inputs, 3, [&](const Item& i) { return ctx.run_child(kPart, i); });
  } catch (const ChildWorkflowError&) {
    failed = true;
  }
  if (failed) item = co_await one_part(ctx, item);
  co_return item;
}

Workflow<Item> continued(Context ctx, Item item) {
  item = co_await ctx.run(work, item);
  if (ctx.continue_as_new_suggested() || item.count < 10) throw ctx.continue_as_new(item);
  const auto more = co_await ctx.receive(add, 1h);
  co_return Item{more ? more->name : "none", item.count};
}

Workflow<Item> tagged(Context ctx, Item item) {
  ctx.upsert_search_attributes(Attributes().set("Stage", "new").set("Count", item.count));
  item = co_await ctx.run(work, item);
  ctx.upsert_memo(item);
  ctx.upsert_search_attributes(Attributes().set("Stage", "done").remove("Count"));
  if (item.count < 9) throw ctx.continue_as_new(item);
  co_return item;
}

Workflow<Item> booked(Context ctx, Item* total, Item item) {
  item = co_await ctx.run(work, item);
  co_await ctx.sleep(1min);
  total->count += item.count;
  co_return *total;
}

Workflow<Item> updated(Context ctx, Item item) {
  bool closed = false;
  ctx.on_update(
      kBook,
      [](const Item& more) {
        if (more.name == "refuse") throw ApplicationError("Refused", "not this one");
      },
      [&](Item more) { return booked(ctx, &item, more); });
  ctx.on_update(kPeek, [&](Nothing) { return item; });
  ctx.on_update(kClose, [&](Nothing) { closed = true; });
  const auto first = co_await ctx.receive(add);
  item.name = first.name;
  co_await ctx.wait_until([&] { return closed; });
  auto left = ctx.updates_finished();
  auto patience = ctx.sleep(2min);
  co_await when_any(left, patience);
  co_return item;
}

const std::vector<std::pair<Type, Workflow<Item> (*)(Context, Item)>> kWorkflows{
    {kSteps, steps},     {kFanOut, fan_out},      {kRace, race},     {kSignals, signals},
    {kCancel, canceled}, {kFailure, failing},     {kChance, chance}, {kChildren, children},
    {kMap, mapped},      {kContinued, continued}, {kTagged, tagged}, {kUpdated, updated}};

void save_run(const std::string& folder, const std::string& name, const testing::RecordedRun& run) {
  const auto path = folder + "/" + name + ".json";
  if (std::filesystem::exists(path)) return;
  std::ofstream(path) << testing::encode_recorded_run(run) << "\n";
}
void save_run(const std::string& folder, const std::string& name, const testing::Environment& env) {
  save_run(folder, name, env.recorded());
}

void record_core(const std::string& folder) {
  for (const auto& [type, function] : kWorkflows) {
    testing::Environment env;
    env.on(
        work,
        [](const Item& item) -> Item {
          if (item.name == "fail") throw ApplicationError("Broken", "it broke", true);
          return {item.name, item.count + 1};
        },
        type.name == "RecordedRace" ? Duration(20s) : Duration(1ms));
    env.on(save, [](const Item& item) { return Item{item.name, item.count + 100}; });
    env.on(
        kPart,
        [](const Item& item) -> Item {
          if (item.name == "fail") throw ApplicationError("Broken", "it broke", true);
          return {item.name, item.count + 10};
        },
        1min);
    if (type.name == "RecordedContinued") env.signal(add, {.name = "carried", .count = 1});
    env.start(type, function, {.name = "start", .count = 7});
    if (type.name == "RecordedSignals") {
      env.signal_after(1min, add, {.name = "one", .count = 1});
      env.signal_after(2min, add, {.name = "last", .count = 2});
    }
    if (type.name == "RecordedUpdates") {
      for (const char* name : {"one", "refuse", "fail", "two"}) env.update_after(1s, kBook, {.name = name, .count = 1});
      env.update_after(90s, kPeek, {});
      env.signal_after(2min, add, {.name = "named", .count = 1});
      env.update_after(3min, kBook, {.name = "late", .count = 1});
      env.update_after(3min, kClose, {});
      env.update_after(4min, kBook, {.name = "too late", .count = 1});
      env.update_after(295s, kBook, {.name = "never", .count = 1});
    }
    if (type.name == "RecordedCancel") env.cancel_after(1h);
    env.run();
    save_run(folder, type.name, env);
    if (!env.earlier().empty()) save_run(folder, type.name + "-first", env.earlier().front());
  }
}

void record_platform(const std::string& folder) {
  using namespace platform;
  const CallKey call{Uuid::parse("00000000-0000-7000-8000-00000000000a"), "0196a3f1-7c1e-4d5b-9f61-3a3f6f1f6f10",
                     parse_rfc3339("2026-11-30T17:00:00Z")};
  for (const bool full : {true, false}) {
    testing::Environment env;
    env.on(update_call_record, [full](const CallKey&) {
      CallFacts facts;
      facts.duration_ms = 61'000;
      facts.has_transcript = facts.has_recording = facts.notify_by_sms = facts.notify_by_email = full;
      return facts;
    });
    env.on(store_transcript, [](const CallKey&) { return Nothing{}; });
    env.on(store_recording, [](const CallKey&) { return Nothing{}; });
    env.on(extract_action_items, [](const CallKey&) { return ActionItems{{{"call back", "callback", "at ten"}}}; });
    env.on(store_action_items, [](const StoreActionItems&) { return Nothing{}; });
    env.on(send_call_sms, [](const auto&) { return NoticeOutcome{}; });
    env.on(send_call_email, [](const auto&) { return NoticeOutcome{}; });
    env.on(add_usage, [](const CallUsage& usage) { return UsageAdded{billable_minutes(usage.duration_ms), true}; });
    env.on(start_call_webhooks, [](const CallKey&) { return WebhooksStarted{2}; });
    env.on(broadcast_call, [](const CallBroadcast&) { return Nothing{}; });
    env.execute(kCallProcessing, call_processing, call);
    save_run(folder, full ? "CallProcessing-full" : "CallProcessing-short", env);
  }
  testing::Environment started;
  started.on(insert_call, [](const CallKey&) { return Nothing{}; });
  started.on(broadcast_call, [](const CallBroadcast&) { return Nothing{}; });
  started.execute(kCallStarted, call_started, call);
  save_run(folder, "CallStarted", started);
}

void record_billing(const std::string& folder) {
  using namespace platform;
  const BillingKey key{.organization_id = Uuid::parse("00000000-0000-7000-8000-00000000000a")};
  const BillingPeriod period{key.organization_id, parse_rfc3339("2026-10-31T00:00:00Z"),
                             parse_rfc3339("2026-11-30T00:00:00Z")};
  for (const bool refused : {false, true}) {
    testing::Environment env;
    int settled = 0;
    env.on(settle_period, [&](const BillingKey&) {
      Settlement due{.is_due = ++settled <= 2, .is_current = settled == 2, .has_customer = true, .period = period};
      if (due.is_due) due.reports = {0, 1};
      return due;
    });
    env.on(report_usage, [&](const ReportKey& report) -> ReportSent {
      if (settled == 1 && report.seq == 0) throw ApplicationError(kReportExpired, "too old", true);
      if (refused) throw ApplicationError("stripe.resource_missing", "no such meter", true);
      return {};
    });
    env.on(record_report, [](const ReportKey&) { return Nothing{}; });
    env.on(expire_report, [](const ReportRefusal&) { return Nothing{}; });
    env.on(record_refusal, [](const ReportRefusal&) { return Nothing{}; });
    env.on(close_period, [](const BillingPeriod&) { return PeriodMoved{true}; });
    env.start(kBillingCycle, billing_cycle, key);
    env.run();
    save_run(folder, refused ? "BillingCycle-refused" : "BillingCycle", env);
  }
  testing::Environment usage;
  usage.on(divide_organizations, [&](const OrganizationsAfter&) {
    return OrganizationPages{{{{}, key.organization_id}, {key.organization_id, {}}}, false};
  });
  usage.on(aggregate_usage, [](const UsageDay&) { return UsageTotals{.organizations = 500, .calls = 9}; }, 1s);
  usage.execute(kUsageAggregation, usage_aggregation, {});
  save_run(folder, "UsageAggregation", usage);
  testing::Environment sweep;
  sweep.on(start_due_billing, [&](const BillingPage& page) {
    return BillingStarted{.organizations = 7, .due = 1, .last = page.after.is_nil() ? key.organization_id : Uuid{}};
  });
  sweep.execute(kBillingSweep, billing_sweep, {});
  save_run(folder, "BillingSweep", sweep);
  testing::Environment errors;
  errors.on(read_meter_errors, [&](const VendorEventKey&) {
    return MeterErrors{{{key.organization_id, "usage:a", "no_meter", "x"}}, 1, "summary"};
  });
  errors.on(record_rejected_usage, [](const RejectedUsage&) { return Nothing{}; });
  errors.execute(kMeterErrors, meter_errors, {.event_id = "evt_1"});
  save_run(folder, "MeterErrors", errors);
  testing::Environment alert;
  alert.on(email_usage_alert, [](const UsageAlert&) { return UsageAlertSent{true}; });
  alert.execute(
      kUsageAlert, usage_alert,
      {.organization_id = key.organization_id, .period_start = period.period_start, .percent = 80, .minutes_used = 81});
  save_run(folder, "UsageAlert", alert);
}

}  // namespace

std::vector<WorkflowDefinition> recorded_workflows() {
  std::vector<WorkflowDefinition> definitions;
  for (const auto& [type, function] : kWorkflows) definitions.push_back(define(type, function));
  return definitions;
}

void record_histories(const std::string& folder) {
  record_core(folder);
  record_platform(folder);
  record_billing(folder);
  record_insights(folder);
  record_tenancy(folder);
}

}  // namespace holdfast::test
