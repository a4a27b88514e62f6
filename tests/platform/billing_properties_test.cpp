#include <cstdlib>
#include <random>

#include <activities/standin/standin_server.hpp>
#include <activities/vendors/curl_http_client.hpp>
#include <activities/vendors/stripe_usage_billing.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/testing/environment.hpp>
#include <workflows/billing_cycle.hpp>
#include <workflows/meter_errors.hpp>

#include "billing_fixture.hpp"
#include "billing_model.hpp"

// Billed units equal overage, once: organizations in any time zone with calls that come late and twice, plans that
// change within a period, and runs that meet every fault of the vendor and die at any step, against Stripe's stand-in.
// What was billed is compared with what a model computes from the calls alone. HOLDFAST_BILLING_SEEDS=200 tries more.
namespace platform::test {
namespace {

using holdfast::Timestamp;
using namespace std::chrono_literals;

const std::vector<std::string> kZones{"UTC",          "America/New_York",   "Europe/Berlin",     "Australia/Lord_Howe",
                                      "Asia/Kolkata", "Pacific/Kiritimati", "America/Sao_Paulo", "Africa/Casablanca"};
constexpr int kStages = 4;

struct Reported {
  BillingModel::Call call;
  std::string id;
  int stage = 0;  ///< when its report comes
  bool is_repeated = false;
};

struct Tenant {
  holdfast::Uuid id;
  std::string customer, zone;
  BillingModel model;
  std::vector<Reported> calls;
  std::vector<std::pair<int, BillingModel::Plan>> plans;  ///< with the stage in which each is entered
};

class BillingProperties : public BillingTest, public testing::WithParamInterface<int> {
 protected:
  BillingProperties() { now_ = holdfast::parse_rfc3339(owner_value("SELECT platform.utc_text(now())")); }

  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }
  std::int64_t below(std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(0, n - 1)(random_); }
  Timestamp between(Timestamp from, Timestamp to) {
    return from + std::chrono::microseconds(below((to - from).count()));
  }

  Tenant make_tenant(const holdfast::Uuid& id, const std::string& slug);
  void enter(const Tenant& tenant);
  void enter_stage(Tenant& tenant, int stage);
  void add_call(const Tenant& tenant, const Reported& call);
  void run_billing(const Tenant& tenant, bool with_faults);
  void disturb(const Tenant& tenant);
  void reject_something();
  void settle(const Tenant& tenant);
  void check(const Tenant& tenant);

  /// A transactional step: committed with its record, or not at all.
  template <class Body, class In>
  auto committed(const Body& body, const In& in) {
    pqxx::work tx(*connection_);
    auto result = body(through_stripe_, tx, in);
    if (faulty_ && chance(0.15)) throw std::runtime_error("the worker died before the commit");
    tx.commit();
    die_sometimes();
    return result;
  }
  /// The whole run is gone, as if somebody had terminated it; the sweep starts another one.
  void die_sometimes() {
    if (faulty_ && chance(0.04)) throw holdfast::ApplicationError("Terminated", "the run is gone", true);
  }
  void inject_fault();

  std::mt19937_64 random_{static_cast<std::mt19937_64::result_type>(GetParam())};
  Timestamp now_;
  bool faulty_ = false;
  int skips_ = 0;
  standin::StandinServer standin_;
  const std::string url_ = (standin_.start(), standin_.url());
  vendors::CurlHttpClient client_{vendors::CurlOptions{.policy = vendors::NetworkPolicy::with_loopback()}};
  vendors::StripeUsageBilling stripe_{client_,
                                      {.base_url = url_,
                                       .api_key = standin_.state().keys.stripe,
                                       .meter_id = std::string(standin::StripeStandin::kMeter)}};
  Services through_stripe_ = with_billing(stripe_);
};

Tenant BillingProperties::make_tenant(const holdfast::Uuid& id, const std::string& slug) {
  Tenant out;
  out.id = id;
  out.customer = "cus_" + slug;
  out.zone = kZones[static_cast<std::size_t>(below(static_cast<std::int64_t>(kZones.size())))];
  EXPECT_TRUE(cctz::load_time_zone(out.zone, &out.model.zone));
  // Half of the anchors at the end of a month, at an hour that the clocks may leave out or repeat.
  const auto local = cctz::convert(std::chrono::floor<std::chrono::seconds>(now_), out.model.zone);
  const auto month = cctz::civil_month(local) - static_cast<int>(4 + below(8));
  const int last_day = static_cast<int>(cctz::civil_day(month + 1) - cctz::civil_day(month));
  const int day = chance(0.5) ? last_day : 1 + static_cast<int>(below(last_day));
  const cctz::civil_second anchor(month.year(), month.month(), day, static_cast<int>(below(4)),
                                  chance(0.5) ? 30 : static_cast<int>(below(60)));
  out.model.anchor = cctz::convert(anchor, out.model.zone);

  const auto start = out.model.anchor;
  out.plans.push_back({0, {start - 24h * 365, below(80)}});
  for (std::int64_t n = below(5); n > 0; --n)
    out.plans.push_back({static_cast<int>(below(kStages)), {between(start, now_), below(200)}});
  for (const auto& [stage, plan] : out.plans) out.model.plans.push_back(plan);

  for (int n = 0; n < 70; ++n) {
    Timestamp ended_at = between(start - 24h * 3, now_);
    if (n % 5 == 0)  // at a boundary, or next to it
      ended_at = std::min(
          boundary(start, out.model.zone, static_cast<int>(below(6))) + std::chrono::microseconds(below(3) - 1), now_);
    Reported call{.call = {ended_at, below(15)},
                  .id = "p-" + std::to_string(n),
                  .stage = static_cast<int>(below(kStages)),
                  .is_repeated = chance(0.3)};
    out.model.calls.push_back(call.call);
    out.calls.push_back(call);
  }
  return out;
}

void BillingProperties::enter(const Tenant& tenant) {
  const auto id = "'" + tenant.id.to_string() + "'";
  const auto anchor = "'" + holdfast::to_rfc3339(tenant.model.anchor) + "'";
  owner("UPDATE platform.organizations SET billing_anchor = " + anchor + ", billing_time_zone = '" + tenant.zone +
        "', period_start = " + anchor + ", period_end = platform.next_billing_boundary(" + anchor + ", '" +
        tenant.zone + "', " + anchor +
        "), stripe_customer_id = " + (chance(0.15) ? "NULL" : "'" + tenant.customer + "'") + " WHERE id = " + id);
  owner("DELETE FROM platform.plan_changes WHERE organization_id = " + id);
}

void BillingProperties::add_call(const Tenant& tenant, const Reported& call) {
  const auto duration = std::chrono::minutes(call.call.minutes);
  const CallUsage usage{{tenant.id, call.id, call.call.ended_at - duration},
                        std::chrono::milliseconds(duration).count()};
  if (chance(0.2)) {
    auto rolled_back = begin();
    bodies::add_usage(through_stripe_, rolled_back, usage);
  }
  step(bodies::add_usage, usage);
}

void BillingProperties::enter_stage(Tenant& tenant, int stage) {
  for (const auto& [when, plan] : tenant.plans)
    if (when == stage)
      owner("INSERT INTO platform.plan_changes VALUES ('" + tenant.id.to_string() + "', '" +
            holdfast::to_rfc3339(plan.effective_at) + "', 'growth', " + std::to_string(plan.minutes) + ")");
  for (const auto& call : tenant.calls)
    if (call.stage == stage || (call.is_repeated && call.stage < stage)) add_call(tenant, call);
}

void BillingProperties::inject_fault() {
  using standin::FaultMode;
  standin::Fault fault;
  switch (below(8)) {
    case 0: fault.mode = FaultMode::reset_before_commit; break;
    case 1:
    case 2: fault.mode = FaultMode::reset_after_commit; break;
    case 3: fault.mode = FaultMode::malformed_body; break;
    case 4: fault.status = 429; break;
    case 5: fault.status = 503; break;
    case 6: fault.status = 409; break;
    default: standin_.state().stripe.configure({.stored_500 = 1}); return;
  }
  standin_.state().faults.add(fault);
}

void BillingProperties::run_billing(const Tenant& tenant, bool with_faults) {
  faulty_ = with_faults;
  holdfast::testing::Environment env;
  env.on(settle_period, [&](const BillingKey& in) { return committed(bodies::settle_period, in); });
  env.on(report_usage, [&](const ReportKey& in, holdfast::worker::ActivityContext& context) {
    if (faulty_ && chance(0.5)) inject_fault();
    if (faulty_ && chance(0.1)) disturb(tenant);
    const auto sent = bodies::report_usage(through_stripe_, in, context.attempt());
    if (faulty_ && chance(0.2)) throw std::runtime_error("the worker died before it could say so");
    die_sometimes();
    return sent;
  });
  env.on(record_report, [&](const ReportKey& in) { return committed(bodies::record_report, in); });
  env.on(record_refusal, [&](const ReportRefusal& in) { return committed(bodies::record_refusal, in); });
  env.on(expire_report, [&](const ReportRefusal& in) { return committed(bodies::expire_report, in); });
  env.on(close_period, [&](const BillingPeriod& in) { return committed(bodies::close_period, in); });
  env.start(kBillingCycle, billing_cycle, {.organization_id = tenant.id});
  env.run();
  standin_.state().faults.clear();
  standin_.state().stripe.configure({});
  faulty_ = false;
}

/// More than a day goes by in the middle of a run: the vendor forgets identifiers.
void BillingProperties::disturb(const Tenant&) {
  if (skips_ == 3) return;
  ++skips_;
  standin_.state().stripe.skip(25h);
  owner(
      "UPDATE platform.billing_events SET created_at = created_at - interval '25 hours' WHERE kind = 'usage.sending'");
}

/// The vendor takes back what it had taken, and says so, twice.
void BillingProperties::reject_something() {
  const auto reported = owner(
      "SELECT identifier FROM platform.usage_reports WHERE reported_at IS NOT NULL "
      "AND rejected_at IS NULL ORDER BY identifier");
  if (reported.empty()) return;
  const std::string identifier =
      reported[static_cast<int>(below(static_cast<std::int64_t>(reported.size())))][0].c_str();
  const auto event = standin_.state().stripe.reject(identifier, "meter_event_customer_not_found");
  for (int delivery = 0; delivery < 2; ++delivery) {
    holdfast::testing::Environment env;
    env.on(read_meter_errors, [&](const VendorEventKey& in) { return bodies::read_meter_errors(through_stripe_, in); });
    env.on(record_rejected_usage, [&](const RejectedUsage& in) { return step(bodies::record_rejected_usage, in); });
    const auto done = env.execute(kMeterErrors, meter_errors, {.event_id = std::string(event.at("id").as_string())});
    EXPECT_EQ(done.rejected, 1);
  }
}

/// Whatever is left is settled without faults.
void BillingProperties::settle(const Tenant& tenant) {
  const auto id = "'" + tenant.id.to_string() + "'";
  owner("UPDATE platform.organizations SET stripe_customer_id = '" + tenant.customer + "' WHERE id = " + id);
  for (int round = 0; round < 40; ++round) {
    owner("UPDATE platform.billing_periods SET next_try = now()");
    if (!step(bodies::settle_period, BillingKey{tenant.id}).is_due) return;
    run_billing(tenant, false);
  }
  FAIL() << "something is always due: "
         << owner_value(
                "SELECT string_agg(kind || ' ' || detail, '; ' ORDER BY created_at DESC) FROM "
                "platform.billing_events WHERE organization_id = " +
                id);
}

void BillingProperties::check(const Tenant& tenant) {
  const auto id = "'" + tenant.id.to_string() + "'";
  std::int64_t owed = 0;
  std::string expected;
  const auto periods = tenant.model.periods(now_);
  for (const auto& period : periods) {
    owed += period.overage();
    expected += holdfast::to_rfc3339(period.start) + " " + std::to_string(period.used) + " of " +
                std::to_string(period.included) + "; ";
  }
  EXPECT_EQ(
      owner_value("SELECT coalesce(string_agg(platform.utc_text(period_start) || ' ' || used_minutes || ' of ' || "
                  "included_minutes || '; ', '' ORDER BY period_start), '') FROM platform.billing_periods "
                  "WHERE organization_id = " +
                  id),
      expected);
  EXPECT_EQ(standin_.state().stripe.total(tenant.customer), owed) << tenant.zone;
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.billing_periods b WHERE organization_id = " + id +
                        " AND (overage_minutes <> reported_minutes OR closed_at IS NULL OR overage_minutes <> "
                        "(SELECT coalesce(sum(quantity), 0) FROM platform.usage_reports r WHERE r.organization_id = "
                        "b.organization_id AND r.period_start = b.period_start AND r.rejected_at IS NULL))"),
            "0");
  EXPECT_EQ(
      owner_value("SELECT count(*) FROM platform.billing_events WHERE kind = 'usage.refused' AND detail ->> 'reason' "
                  "NOT LIKE '%CustomerNotFound%' AND detail ->> 'reason' NOT LIKE '%Terminated%'"),
      "0")
      << "no fault of the vendor is taken for a refusal";
  EXPECT_EQ(current_period(tenant.id).period_start,
            boundary(tenant.model.anchor, tenant.model.zone, static_cast<int>(periods.size())));
  EXPECT_EQ(owner_value(
                "SELECT count(*) FROM platform.billing_page(NULL, 1000, '0') WHERE is_due AND organization_id = " + id),
            "0");
}

TEST_P(BillingProperties, billed_units_equal_overage_once) {
  std::vector<Tenant> tenants{make_tenant(acme_, "acme"), make_tenant(globex_, "globex")};
  for (const auto& tenant : tenants) enter(tenant);
  for (int stage = 0; stage < kStages; ++stage) {
    for (auto& tenant : tenants) {
      enter_stage(tenant, stage);
      for (std::int64_t runs = below(3); runs > 0; --runs) run_billing(tenant, true);
    }
    if (chance(0.3)) reject_something();
  }
  for (const auto& tenant : tenants) {
    settle(tenant);
    check(tenant);
  }
}

int seeds() {
  const char* value = std::getenv("HOLDFAST_BILLING_SEEDS");
  return value == nullptr ? 8 : std::max(1, std::atoi(value));
}
INSTANTIATE_TEST_SUITE_P(Seeds, BillingProperties, testing::Range(1, seeds() + 1));

}  // namespace
}  // namespace platform::test
