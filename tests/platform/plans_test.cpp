#include "platform_fixture.hpp"

namespace platform::test {
namespace {

/// Steps on tables with many rows of many tenants: no table may be read as a whole.
class Plans : public PlatformTest {
 protected:
  void fill() {
    owner(R"(
      INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end)
      SELECT md5(n::text)::uuid, 'org-' || n, 'x', 'growth', 1, now() - interval '1 day', now() + interval '29 days'
      FROM generate_series(1, 5000) n;
      INSERT INTO platform.integrations (organization_id, name, url, secrets)
      SELECT id, 'x', 'https://x.test', '{whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}' FROM platform.organizations
      WHERE slug LIKE 'org-%';
      INSERT INTO platform.users (organization_id, email) SELECT id, 'x@x.test' FROM platform.organizations;
      CREATE TEMP TABLE filler AS
        SELECT md5((n % 5000 + 1)::text)::uuid AS organization_id, now() - n * interval '1 second' AS created_at,
               'filler-' || n AS id FROM generate_series(1, 30000) n;
      INSERT INTO platform.vapi_events (organization_id, created_at, call_id, type, body)
        SELECT organization_id, created_at, id, 'end-of-call-report', '{}' FROM filler;
      INSERT INTO platform.calls (organization_id, created_at, id, status)
        SELECT organization_id, created_at, id, 'completed' FROM filler;
      INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript)
        SELECT organization_id, created_at, id, 'hello ' || id FROM filler;
      INSERT INTO platform.call_actions (organization_id, created_at, call_id, position, text)
        SELECT organization_id, created_at, id, 1, 'x' FROM filler;
      INSERT INTO platform.usage_ledger (organization_id, source, occurred_at, period_start, minutes)
        SELECT organization_id, id, created_at, created_at, 1 FROM filler;
      INSERT INTO platform.usage_counters SELECT DISTINCT ON (organization_id) organization_id, created_at, 1, 1, 1 FROM filler;
      INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, body)
        SELECT organization_id, id, 'sms', 'x', 'x' FROM filler;
      INSERT INTO platform.webhook_deliveries (organization_id, created_at, integration_id, message_id, type, body)
        SELECT organization_id, created_at, organization_id, id, 'x', '{}' FROM filler;
      INSERT INTO platform.webhook_attempts (organization_id, created_at, integration_id, message_id, attempt, latency_ms)
        SELECT organization_id, created_at, organization_id, id, 1, 1 FROM filler;)");
    owner("ANALYZE");
  }
  std::string whole_reads() {
    return owner_value(
        "SELECT coalesce(string_agg(s.relname || ' ' || seq_scan, ', '), '') FROM pg_stat_user_tables s "
        "JOIN pg_class c ON c.oid = s.relid WHERE schemaname = 'platform' AND seq_scan > 0 "
        "AND c.reltuples > 1000");
  }
};

TEST_F(Plans, no_step_of_billing_reads_a_table_as_a_whole) {
  fill();
  owner(R"(
    UPDATE platform.organizations SET stripe_customer_id = 'cus_acme', period_end = now() - interval '1 hour'
      WHERE slug = 'acme';
    INSERT INTO platform.billing_periods (organization_id, period_start, period_end, used_minutes, counted_minutes,
                                          included_minutes, overage_minutes, overage_cents, closed_at)
      SELECT id, now() - interval '40 days', now() - interval '10 days', 1, 1, 1, 0, 1, now() FROM platform.organizations
      WHERE slug <> 'acme';
    INSERT INTO platform.usage_reports (organization_id, period_start, seq, identifier, quantity, event_time, reported_at)
      SELECT id, now() - interval '40 days', 0, id, 1, date_trunc('minute', now() - interval '10 days', 'UTC'), now()
      FROM platform.organizations WHERE slug <> 'acme';
    INSERT INTO platform.billing_events (organization_id, identifier, kind) SELECT id, id, 'x' FROM platform.organizations;
    INSERT INTO platform.usage_ledger (organization_id, source, occurred_at, period_start, minutes)
      SELECT id, 'call:x', now(), period_start, 5000 FROM platform.organizations WHERE slug = 'acme';
    INSERT INTO platform.daily_usage (organization_id, date, calls, minutes, cost_usd)
      SELECT id, current_date - 1, 1, 1, 1 FROM platform.organizations)");
  owner("ANALYZE");
  owner("SELECT pg_stat_reset()");
  pqxx::connection lane(runtime_ +
                        " options='-c role=holdfast_runtime -c plan_cache_mode=force_generic_plan "
                        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off'");
  pqxx::work tx(lane);
  bodies::start_due_billing(services_, tx, {});
  const auto due = bodies::settle_period(services_, tx, {.organization_id = acme_});
  ASSERT_EQ(due.reports.size(), 1u);
  tx.commit();
  const ReportKey report{acme_, due.period.period_start, 0};
  bodies::report_usage(services_, report, 1);
  pqxx::work second(lane);
  bodies::record_report(services_, second, report);
  bodies::record_refusal(services_, second, {report, "x"});
  bodies::record_rejected_usage(services_, second, {acme_, "usage:x", "x", "x"});
  EXPECT_TRUE(bodies::close_period(services_, second, due.period).moved);
  second.commit();
  const auto yesterday = owner_value("SELECT (now() AT TIME ZONE 'UTC')::date - 1");
  bodies::aggregate_usage(services_, {.date = yesterday, .page = bodies::divide_organizations(services_, {}).pages[0]});

  { pqxx::nontransaction(lane).exec("SELECT pg_stat_force_next_flush()"); }
  database_.query([](pqxx::transaction_base& own) { own.exec("SELECT pg_stat_force_next_flush()"); });
  EXPECT_EQ(whole_reads(), "");
}

TEST_F(Plans, no_step_reads_a_table_as_a_whole) {
  fill();
  pqxx::connection lane(runtime_);
  { pqxx::nontransaction(lane).exec("SET plan_cache_mode = force_generic_plan"); }
  const auto call = receive_report();
  receive("status-update", "in-progress", kStatusUpdate);
  owner("SELECT pg_stat_reset()");

  pqxx::work tx(lane);
  bodies::insert_call(services_, tx, call);
  const auto facts = bodies::update_call_record(services_, tx, call);
  bodies::store_transcript(services_, tx, call);
  bodies::store_recording(services_, tx, call);
  bodies::store_action_items(services_, tx, {call, {{"call back", "callback", ""}}});
  bodies::record_call_notices(services_, tx, {{call, 1}, {{true, "sms", "1"}, {true, "email", "2"}}});
  bodies::add_usage(services_, tx, {call, facts.duration_ms});
  EXPECT_EQ(bodies::start_call_webhooks(services_, tx, call).deliveries, 1);
  const DeliveryKey key{acme_,
                        holdfast::Uuid::parse(tx.exec1("SELECT integration_id FROM platform.webhook_deliveries "
                                                       "WHERE message_id = 'call-completed-call-1'")[0]
                                                  .c_str()),
                        "call-completed-call-1", call.created_at};
  tx.commit();

  bodies::post_webhook(services_, key);
  pqxx::work second(lane);
  bodies::log_webhook_attempt(services_, second, {key, 1, {}, false});
  bodies::give_up_webhook(services_, second, {key, "failed", "x", true});
  second.commit();
  owner("UPDATE platform.integrations SET disabled_at = NULL, disabled_reason = NULL, max_per_second = 5");
  owner("ANALYZE platform.integrations");
  owner("SELECT pg_stat_reset()");
  bodies::post_webhook(services_, key);
  pqxx::work third(lane);
  EXPECT_EQ(bodies::redeliver_page(services_, third,
                                   {.organization_id = acme_,
                                    .integration_id = key.integration_id,
                                    .from = call.created_at - std::chrono::hours(48),
                                    .until = call.created_at + std::chrono::hours(1),
                                    .statuses = {"failed"}})
                .started,
            1);
  third.commit();
  Caches nothing_cached;
  Services services{{}, database_, nothing_cached, extractor_, sms_, email_, broadcaster_, endpoint_, billing_};
  bodies::send_call_email(services, {call, 1});
  bodies::email_endpoint_disabled(services, {key, "x"});

  { pqxx::nontransaction(lane).exec("SELECT pg_stat_force_next_flush()"); }
  database_.query([](pqxx::transaction_base& own) { own.exec("SELECT pg_stat_force_next_flush()"); });
  EXPECT_EQ(whole_reads(), "");

  owner("SET enable_indexonlyscan = off; SELECT count(*) FROM platform.calls; SELECT pg_stat_force_next_flush()");
  EXPECT_NE(whole_reads().find("calls_"), std::string::npos) << "the check does not see a whole read";
}

}  // namespace
}  // namespace platform::test
