#include "insight_fixture.hpp"

#include <holdfast/core/time.hpp>

namespace platform::test {
namespace {

/// Steps and searches on tables with many rows of many tenants: no table may be read as a whole.
class InsightPlans : public InsightTest {
 protected:
  void fill() {
    owner(R"(
      INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end)
      SELECT md5(n::text)::uuid, 'org-' || n, 'x', 'growth', 1, now() - interval '1 day', now() + interval '29 days'
      FROM generate_series(1, 3000) n;
      CREATE TEMP TABLE filler AS
        SELECT md5((n % 3000 + 1)::text)::uuid AS organization_id, md5('i' || n)::uuid AS id,
               date_trunc('month', now()) + (n % 20000) * interval '1 minute' AS created_at FROM generate_series(1, 12000) n;
      INSERT INTO platform.interactions (organization_id, created_at, id, source, description)
        SELECT organization_id, created_at, id, 'web', 'hello ' || id FROM filler;
      INSERT INTO platform.interaction_events (organization_id, created_at, id, source, content)
        SELECT organization_id, created_at, id, 'web', 'hello' FROM filler;
      INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript)
        SELECT organization_id, created_at, id::text, 'hello ' || id FROM filler;
      INSERT INTO platform.embeddings (organization_id, created_at, kind, subject, model, code)
        SELECT organization_id, created_at, 'interaction', id::text, 'test-1', decode(repeat('3003', 1536), 'hex') FROM filler
        LIMIT 3000;
      INSERT INTO platform.interaction_ledger (organization_id, interaction_id, created_at, period_start)
        SELECT organization_id, id, created_at, created_at FROM filler;
      INSERT INTO platform.interaction_counters SELECT DISTINCT ON (organization_id) organization_id, created_at, 1, 1, 1
        FROM filler;
      INSERT INTO platform.products (organization_id, name) SELECT organization_id, id::text FROM filler;
      INSERT INTO platform.patterns (organization_id, period, period_start, number, description, confidence, model)
        SELECT organization_id, 'day', created_at::date, n, 'x', 0.5, 'test-1' FROM
          (SELECT *, row_number() OVER (PARTITION BY organization_id, created_at::date) AS n FROM filler) f;)");
    owner("ANALYZE");
  }
  std::string whole_reads() {
    return owner_value(
        "SELECT coalesce(string_agg(s.schemaname || '.' || s.relname || ' ' || seq_scan, ', '), '') FROM "
        "pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE schemaname IN ('platform', 'holdfast') AND "
        "seq_scan > 0 AND c.reltuples > 1000");
  }
};

TEST_F(InsightPlans, no_step_reads_a_table_as_a_whole) {
  fill();
  store_texts(acme_, this_month(3), about_grills(9));
  const auto plan = " options='-c role=holdfast_runtime -c plan_cache_mode=force_generic_plan'";
  Database database{test_database_.connection_string() + plan};
  InsightServices services{{}, database, embedder_, writer_};
  pqxx::connection lane(test_database_.connection_string() + plan);
  owner("SELECT pg_stat_reset()");

  pqxx::work tx(lane);
  const std::string id = "00000000-0000-4000-8000-000000000001";
  const auto at = holdfast::parse_rfc3339(
      tx.exec_params1(
            "SELECT platform.utc_text(created_at) FROM platform.post_interaction($1::uuid, $2::uuid, 'web', 'x')",
            acme_.to_string(), id)[0]
          .c_str());
  tx.commit();
  const InteractionKey key{acme_, holdfast::Uuid::parse(id), at};
  const auto text = bodies::describe_interaction(services, {.interaction = key, .plainly = false});
  pqxx::work second(lane);
  bodies::store_interaction(services, second, {.interaction = key, .text = text});
  bodies::record_interaction_failure(services, second, {key, "x", "y"});
  second.commit();
  bodies::embed_interaction(services, key);

  const PatternPeriod day{acme_, "day", this_month(3)};
  bodies::embed_missing_texts(services, day);
  EXPECT_EQ(bodies::find_patterns(services, day).patterns, 1);
  bodies::describe_pattern(services, {.period = day, .number = 0, .plainly = false});
  pqxx::work third(lane);
  EXPECT_EQ(bodies::store_patterns(services, third, day).patterns, 1);
  bodies::start_rollups(services, third, day);
  bodies::start_discoveries(services, third, {.day = day.start, .after = {}});
  third.commit();
  const PatternPeriod month{acme_, "month", this_month(1)};
  EXPECT_EQ(bodies::sum_up_patterns(services, month).patterns, 1);
  EXPECT_FALSE(bodies::search_knowledge(services, {.organization_id = acme_, .text = "garden grill"}).hits.empty());

  { pqxx::nontransaction(lane).exec("SELECT pg_stat_force_next_flush()"); }
  database.query([](pqxx::transaction_base& own) { own.exec("SELECT pg_stat_force_next_flush()"); });
  EXPECT_EQ(whole_reads(), "");

  owner("SELECT sum(length(description)) FROM platform.interactions; SELECT pg_stat_force_next_flush()");
  EXPECT_NE(whole_reads().find("interactions_"), std::string::npos) << "the check does not see a whole read";
}

}  // namespace
}  // namespace platform::test
