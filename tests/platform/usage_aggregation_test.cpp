#include "platform_fixture.hpp"

namespace platform::test {
namespace {

/// Days and organizations in one statement each; acme and globex exist.
class Aggregation : public PlatformTest {
 protected:
  Aggregation() {
    today_ = owner_value("SELECT (now() AT TIME ZONE 'UTC')::date");
    yesterday_ = owner_value("SELECT (now() AT TIME ZONE 'UTC')::date - 1");
  }
  void call(const std::string& organization, const std::string& id, const std::string& created_at, int seconds,
            const std::string& cost = "0.01", const std::string& status = "completed") {
    owner("INSERT INTO platform.calls (organization_id, created_at, id, status, duration_ms, cost_usd) SELECT id, " +
          created_at + ", '" + id + "', '" + status + "', " + std::to_string(seconds * 1000) + ", " + cost +
          " FROM platform.organizations WHERE slug = '" + organization + "'");
  }
  void used(const std::string& organization, int minutes) {
    owner("INSERT INTO platform.usage_counters SELECT id, period_start, 1, 1, " + std::to_string(minutes) +
          " FROM platform.organizations WHERE slug = '" + organization +
          "' ON CONFLICT (organization_id, period_start, "
          "writer) DO UPDATE SET minutes = excluded.minutes");
  }
  UsageTotals aggregate(const std::string& date, OrganizationPage page = {}) {
    return bodies::aggregate_usage(services_, {.date = date, .page = page});
  }
  std::string days() {
    return owner_value(
        "SELECT coalesce(string_agg(concat_ws(' ', o.slug, u.calls, u.minutes, u.cost_usd::numeric(9, 2), "
        "u.by_status), '; ' ORDER BY u.date, o.slug), '') "
        "FROM platform.daily_usage u JOIN platform.organizations o ON o.id = u.organization_id");
  }
  std::string midnight(const std::string& date) { return "(timestamp '" + date + "' AT TIME ZONE 'UTC')"; }

  std::string today_, yesterday_;
};

TEST_F(Aggregation, a_day_of_calls_becomes_one_row_per_organization) {
  call("acme", "1", midnight(yesterday_), 60, "0.10");
  call("acme", "2", midnight(today_) + " - interval '1 microsecond'", 61, "0.20");
  call("acme", "3", midnight(yesterday_) + " + interval '1 hour'", 0, "NULL", "failed");
  call("acme", "before", midnight(yesterday_) + " - interval '1 microsecond'", 600);
  call("acme", "after", midnight(today_), 600);
  call("globex", "4", midnight(yesterday_), 1, "0.05");
  const auto totals = aggregate(yesterday_);
  EXPECT_EQ(totals.organizations, 2);
  EXPECT_EQ(totals.calls, 4);
  EXPECT_EQ(totals.minutes, 4);
  EXPECT_EQ(totals.changed, 2);
  EXPECT_EQ(days(), "acme 3 3 0.30 {\"failed\": 1, \"completed\": 2}; globex 1 1 0.05 {\"completed\": 1}");
}

TEST_F(Aggregation, running_a_date_twice_changes_nothing) {
  call("acme", "1", midnight(yesterday_), 60);
  aggregate(yesterday_);
  const auto before = owner_value("SELECT string_agg(u::text || u.xmin, ' ') FROM platform.daily_usage u");
  EXPECT_EQ(aggregate(yesterday_).changed, 0);
  EXPECT_EQ(owner_value("SELECT string_agg(u::text || u.xmin, ' ') FROM platform.daily_usage u"), before);
}

TEST_F(Aggregation, a_call_that_came_late_or_was_erased_corrects_the_day) {
  call("acme", "1", midnight(yesterday_), 60);
  aggregate(yesterday_);
  call("acme", "late", midnight(yesterday_), 120);
  EXPECT_EQ(aggregate(yesterday_).changed, 1);
  EXPECT_EQ(days(), "acme 2 3 0.02 {\"completed\": 2}");
  owner("DELETE FROM platform.calls");
  EXPECT_EQ(aggregate(yesterday_).changed, 1);
  EXPECT_EQ(days(), "acme 0 0 0.00 {}");
}

TEST_F(Aggregation, only_the_page_and_only_active_organizations_are_looked_at) {
  call("acme", "1", midnight(yesterday_), 60);
  call("globex", "1", midnight(yesterday_), 60);
  EXPECT_EQ(aggregate(yesterday_, {.after = {}, .upto = acme_}).organizations, 1);
  EXPECT_EQ(days(), "acme 1 1 0.01 {\"completed\": 1}");
  owner("UPDATE platform.organizations SET status = 'suspended' WHERE slug = 'globex'");
  EXPECT_EQ(aggregate(yesterday_, {.after = acme_, .upto = {}}).organizations, 0);
}

TEST_F(Aggregation, alerts_are_written_at_80_and_100_percent_once_per_period_each_with_a_run_to_send_it) {
  owner("UPDATE platform.organizations SET plan_minutes = 100");
  owner("UPDATE platform.plan_changes SET plan_minutes = 100");
  used("acme", 79);
  EXPECT_EQ(aggregate(yesterday_).alerts, 0);
  used("acme", 80);
  EXPECT_EQ(aggregate(yesterday_).alerts, 1);
  EXPECT_EQ(aggregate(yesterday_).alerts, 0);
  used("acme", 100);
  EXPECT_EQ(aggregate(yesterday_).alerts, 1);
  used("globex", 500);
  EXPECT_EQ(aggregate(today_).alerts, 2);
  EXPECT_EQ(owner_value("SELECT string_agg(slug || ' ' || percent || ' ' || minutes_used, ', ' ORDER BY slug, percent) "
                        "FROM platform.usage_alerts JOIN platform.organizations ON id = organization_id"),
            "acme 80 80, acme 100 100, globex 80 500, globex 100 500");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.notifications WHERE kind = 'usage.alert'"), "4");
  EXPECT_EQ(owner_value("SELECT count(*) || ' ' || count(DISTINCT workflow_id) FROM holdfast.runs "
                        "WHERE workflow_type = 'UsageAlert' AND task_queue = 'billing'"),
            "4 4");

  owner(
      "UPDATE platform.organizations SET period_start = period_end, period_end = period_end + interval '30 days' "
      "WHERE slug = 'acme'");
  EXPECT_EQ(aggregate(yesterday_).alerts, 0) << "the new period has no usage yet";
  used("acme", 85);
  EXPECT_EQ(aggregate(yesterday_).alerts, 1);
}

TEST_F(Aggregation, an_alert_is_mailed_to_the_owner_once) {
  const UsageAlert alert{acme_, holdfast::parse_rfc3339("2026-11-01T00:00:00Z"), 80, 800};
  EXPECT_TRUE(bodies::email_usage_alert(services_, alert).sent);
  EXPECT_TRUE(bodies::email_usage_alert(services_, alert).sent);
  EXPECT_EQ(owner_value("SELECT count(*) || ' ' || max(recipient) || ' ' || max(subject) FROM platform.outbox"),
            "1 owner@example.com 80 % of your plan's minutes are used");
  owner("DELETE FROM platform.users");
  EXPECT_FALSE(bodies::email_usage_alert(services_, alert).sent);
}

TEST_F(Aggregation, pages_divide_the_active_organizations) {
  owner(
      "INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, status) "
      "SELECT md5(n::text)::uuid, 'org-' || n, 'x', 'growth', 1, now(), now() + interval '1 day', "
      "CASE WHEN n % 10 = 0 THEN 'suspended' ELSE 'active' END FROM generate_series(1, 1300) n");
  const auto found = bodies::divide_organizations(services_, {});
  ASSERT_EQ(found.pages.size(), 3u);  // 1,172 active ones: 500, 500 and the rest
  EXPECT_FALSE(found.has_more);
  EXPECT_TRUE(found.pages[0].after.is_nil());
  EXPECT_EQ(found.pages[1].after, found.pages[0].upto);
  EXPECT_EQ(aggregate(today_, found.pages[0]).organizations, 500);
  EXPECT_EQ(aggregate(today_, found.pages[1]).organizations, 500);
  EXPECT_EQ(aggregate(today_, found.pages[2]).organizations, 172);
  EXPECT_EQ(bodies::divide_organizations(services_, {.after = found.pages[1].upto}).pages.size(), 1u);
  EXPECT_TRUE(bodies::divide_organizations(services_, {.after = found.pages[2].upto}).pages.empty());
  EXPECT_EQ(owner("SELECT platform.organization_pages(NULL, 10, 7)").size(), 7) << "no more than asked for";
}

TEST_F(Aggregation, the_runtime_role_sees_no_more_than_before) {
  call("acme", "1", midnight(yesterday_), 60);
  aggregate(yesterday_);
  auto tx = begin();
  for (const auto* table : {"calls", "daily_usage", "usage_alerts", "organizations", "plan_changes"})
    EXPECT_EQ(tx.exec1(std::string("SELECT count(*) FROM platform.") + table)[0].as<int>(), 0) << table;
  EXPECT_EQ(owner_value("SELECT pg_has_role('holdfast_runtime', 'holdfast_billing', 'MEMBER')"), "f");
}

TEST_F(Aggregation, the_role_of_the_cross_tenant_functions_can_do_nothing_else) {
  EXPECT_EQ(owner_value("SELECT count(*) FROM pg_roles WHERE rolname = 'holdfast_billing' "
                        "AND NOT rolcanlogin AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole"),
            "1");
  EXPECT_EQ(
      owner_value("SELECT string_agg(DISTINCT table_name || ' ' || privilege_type, ', ' ORDER BY table_name || ' ' "
                  "|| privilege_type) FROM information_schema.role_table_grants WHERE grantee = 'holdfast_billing' "
                  "AND privilege_type <> 'SELECT'"),
      "daily_usage INSERT, daily_usage UPDATE, notifications INSERT, usage_alerts INSERT");
  EXPECT_EQ(owner_value("SELECT string_agg(proname, ', ' ORDER BY proname) FROM pg_proc "
                        "WHERE proowner = 'holdfast_billing'::regrole"),
            "aggregate_usage, billing_page, organization_pages");
  EXPECT_EQ(owner_value("SELECT has_schema_privilege('holdfast_billing', 'platform', 'CREATE')"), "f");
  EXPECT_EQ(owner_value("SELECT count(*) FROM pg_proc p, aclexplode(p.proacl) a WHERE p.pronamespace = "
                        "'platform'::regnamespace AND p.prosecdef AND a.grantee = 0"),
            "0")
      << "a SECURITY DEFINER function may be called by the runtime role only";
}

TEST_F(Aggregation, only_the_partition_of_the_day_is_read) {
  call("acme", "1", midnight(yesterday_), 60);
  owner("SELECT pg_stat_reset()");
  aggregate(yesterday_);
  database_.query([](pqxx::transaction_base& tx) { tx.exec("SELECT pg_stat_force_next_flush()"); });
  const auto partition = owner_value("SELECT 'calls_' || to_char(date '" + yesterday_ + "', 'YYYY_MM')");
  EXPECT_EQ(owner_value("SELECT coalesce(string_agg(relname, ' '), '') FROM pg_stat_user_tables "
                        "WHERE relname LIKE 'calls\\_20%' AND seq_scan + coalesce(idx_scan, 0) > 0"),
            partition);
}

}  // namespace
}  // namespace platform::test
