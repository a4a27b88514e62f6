#include "insight_fixture.hpp"

#include <activities/registration.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/testing/replay_tester.hpp>
#include <holdfast/worker/worker.hpp>
#include <workflows/definitions.hpp>
#include <workflows/interaction_processing.hpp>
#include <workflows/pattern_discovery.hpp>
#include <workflows/pattern_sweep.hpp>

namespace platform::test {
namespace {

using namespace std::chrono_literals;

/// The workflows on a real worker, which connects as the runtime role.
class InsightsOnAWorker : public InsightTest {
 protected:
  InsightsOnAWorker() {
    register_workflows(registry_);
    register_insight_activities(registry_, insights_);
    holdfast::worker::WorkerOptions options;
    options.task_queues = {"interactions", "patterns"};
    options.activity_threads = 4;
    worker_ = std::make_unique<holdfast::worker::Worker>(*store_, registry_, options);
    worker_->start();
  }
  void TearDown() override { EXPECT_TRUE(worker_->stop()); }

  std::string post(int number, const std::string& content) {
    const std::string id = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + number);
    pqxx::work tx(*connection_);
    tx.exec_params("SELECT platform.post_interaction($1::uuid, $2::uuid, 'web', $3)", acme_.to_string(), id, content);
    tx.commit();
    return "interaction-" + acme_.to_string() + "-" + id;
  }
  void expect_replays(const std::string& workflow_id) {
    const auto run = client_.exact(client_.key(workflow_id));
    const auto recorded = holdfast::testing::record_run(*store_, run.run_id);
    for (const auto& definition : workflow_definitions())
      if (definition.name == recorded.info.workflow_type)
        EXPECT_NO_THROW(holdfast::testing::expect_replays_from_every_prefix(definition, recorded)) << workflow_id;
  }
  std::size_t history_bytes() {
    return static_cast<std::size_t>(
        std::stoll(owner_value("SELECT max(n) FROM (SELECT sum(length(events::text)) AS n FROM holdfast.history h JOIN "
                               "holdfast.runs r USING (shard, run_id) WHERE r.workflow_type LIKE 'Pattern%' GROUP BY "
                               "run_id) s")));
  }

  std::unique_ptr<holdfast::store::Store> store_ =
      holdfast::store::open_postgres_store({.connection_string = runtime_});
  holdfast::client::Client client_{*store_};
  holdfast::worker::Registry registry_;
  std::unique_ptr<holdfast::worker::Worker> worker_;
};

TEST_F(InsightsOnAWorker, posted_interactions_become_patterns) {
  std::vector<std::string> runs;
  for (int i = 0; i < 12; ++i) runs.push_back(post(i, "Late delivery of the garden grill, order " + std::to_string(i)));
  for (const auto& id : runs) {
    const auto done = client_.find(kInteractionProcessing, id).result(60s);
    EXPECT_TRUE(done.counted);
    EXPECT_TRUE(done.failed_steps.empty());
  }
  EXPECT_EQ(owner_value("SELECT interactions FROM platform.organization_interactions WHERE slug = 'acme'"), "12");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.embeddings"), "12");

  const auto today = owner_value("SELECT (now() AT TIME ZONE 'UTC')::date");
  const auto swept = client_.start(kPatternSweep, "sweep", {.day = today}).result(60s);
  EXPECT_EQ(swept.organizations, 2);
  EXPECT_EQ(swept.started, 2);
  const auto discovery = "patterns-" + acme_.to_string() + "-day-" + today;
  const auto done = client_.find(kPatternDiscovery, discovery).result(60s);
  EXPECT_EQ(done.texts, 12);
  EXPECT_EQ(done.patterns, 1);
  EXPECT_EQ(done.embedded, 0) << "they were embedded one by one";
  EXPECT_EQ(owner_value("SELECT title || ' ' || members FROM platform.patterns"),
            "late delivery garden grill order 12");
  EXPECT_EQ(client_.start(kPatternSweep, "sweep-again", {.day = today}).result(60s).started, 0);
  for (const auto& id : {runs[0], discovery, std::string("sweep")}) expect_replays(id);
}

TEST_F(InsightsOnAWorker, without_its_vendors_an_interaction_is_stored_in_its_own_words) {
  writer_.fails = true;
  embedder_.refuses = [](const std::string&) { return true; };
  const auto run = post(1, "Late delivery of the garden grill");
  const auto done = client_.find(kInteractionProcessing, run).result(60s);
  EXPECT_EQ(done.failed_steps, (std::vector<std::string>{"description", "embedding"}));
  EXPECT_TRUE(done.counted);
  EXPECT_EQ(owner_value("SELECT description FROM platform.interactions"), "Late delivery of the garden grill");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.audit_log WHERE action = 'interaction.step_failed'"), "2");
  expect_replays(run);
}

TEST_F(InsightsOnAWorker, patterns_are_named_plainly_when_the_model_fails) {
  writer_.fails = true;
  auto texts = about_grills(9);
  for (const auto& text : about_lamps(6)) texts.push_back(text);
  store_texts(acme_, this_month(3), texts);
  const PatternPeriod day{acme_, "day", this_month(3)};
  const auto done = client_.start(kPatternDiscovery, "by-hand", day).result(60s);
  EXPECT_EQ(done.patterns, 2);
  EXPECT_EQ(done.plain, 2);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.patterns WHERE title = ''"), "0");
  expect_replays("by-hand");
}

TEST_F(InsightsOnAWorker, days_add_up_to_weeks_months_years_and_all_time_each_once) {
  owner("SELECT platform.ensure_partitions(3)");
  // Patterns of December 2026, as if each of its days had been discovered; then its last day is.
  owner(
      "INSERT INTO platform.patterns (organization_id, period, period_start, title, description, confidence, members, "
      "model, code, evidence) SELECT '" +
      acme_.to_string() +
      "', 'day', '2026-12-01'::date + n, 'grills', 'late', 0.5, 10, 'test-1', decode(repeat('3003', "
      "1536), 'hex'), '{\"samples\": [\"late grill\"], \"limit\": 0.54}' FROM generate_series(0, 29) n");
  const PatternPeriod last{acme_, "day", "2026-12-31"};
  const auto id = [&](const std::string& period) { return "patterns-" + acme_.to_string() + "-" + period; };
  EXPECT_EQ(client_.start(kPatternDiscovery, id("day-2026-12-31"), last).result(60s).rollups, 2)
      << "the week that ended on the 27th, and the month";
  EXPECT_EQ(client_.find(kPatternRollUp, id("week-2026-12-21")).result(60s).patterns, 1);
  const auto month = client_.find(kPatternRollUp, id("month-2026-12-01")).result(60s);
  EXPECT_EQ(month.texts, 30);
  EXPECT_EQ(month.patterns, 1);
  EXPECT_EQ(month.rollups, 2);
  EXPECT_EQ(client_.find(kPatternRollUp, id("year-2026-01-01")).result(60s).patterns, 1);
  EXPECT_EQ(client_.find(kPatternRollUp, id("all_time-2027-01-01")).result(60s).patterns, 1);
  EXPECT_EQ(
      owner_value("SELECT string_agg(period || ' ' || members || ' ' || (evidence ->> 'occurrences'), ', ' ORDER BY "
                  "period) FROM platform.patterns WHERE period <> 'day'"),
      "all_time 300 1, month 300 30, week 70 7, year 300 1");
  EXPECT_EQ(client_.start(kPatternDiscovery, "again", last).result(60s).rollups, 0);
  expect_replays(id("month-2026-12-01"));
}

TEST_F(InsightsOnAWorker, histories_stay_small_whatever_is_found) {
  const auto traffic = traffic::make_interactions(
      {.seed = 2, .interactions = 700, .patterns = 20, .least_members = 12, .call_share = 0});
  std::vector<std::string> texts;
  for (const auto& one : traffic.interactions) texts.push_back(one.text);
  store_texts(acme_, this_month(3), texts);
  const PatternPeriod day{acme_, "day", this_month(3)};
  const auto done = client_.start(kPatternDiscovery, "many", day).result(120s);
  EXPECT_EQ(done.embedded, 700);
  EXPECT_GE(done.patterns, 19);
  EXPECT_LE(history_bytes(), 20'000u) << "ids and counts; embeddings and texts stay in tables";
}

}  // namespace
}  // namespace platform::test
