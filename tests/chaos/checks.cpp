#include "checks.hpp"

#include <gmock/gmock.h>

#include <holdfast/core/run.hpp>
#include <holdfast/store/postgres/doctor.hpp>
#include <workflows/definitions.hpp>

#include "transfer.hpp"

namespace chaos {

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

std::string limited(const std::string& sql) { return sql + " LIMIT 10"; }

std::map<std::string, holdfast::WorkflowDefinition> definitions() {
  std::map<std::string, holdfast::WorkflowDefinition> out;
  for (auto& definition : platform::workflow_definitions()) out.emplace(definition.name, definition);
  out.emplace(kTransfer.name, transfer_definition());
  return out;
}

/// Throws what makes a history unfit.
void replay(const holdfast::WorkflowDefinition& definition, const holdfast::store::RunDescription& described,
            const std::vector<holdfast::HistoryRow>& history) {
  const auto& summary = described.summary;
  holdfast::Run run(definition, {.run_id = summary.run_id,
                                 .workflow_id = summary.workflow_id,
                                 .workflow_type = summary.workflow_type,
                                 .task_queue = summary.task_queue,
                                 .input = described.input,
                                 .started_at = summary.started_at});
  for (const auto& row : history) {
    if (row.first_event_id != run.next_event_id()) throw std::runtime_error("the history has a gap or an overlap");
    run.replay(row.at, row.first_event_id, holdfast::decode_events(row.events));
  }
  if (!run.closed()) throw std::runtime_error("the history does not end the run");
}

}  // namespace

void expect_every_run_ended_once(Scene& scene) {
  EXPECT_THAT(
      scene.query(
          "SELECT count(*), count(DISTINCT workflow_id) FROM holdfast.runs WHERE workflow_type = 'CallProcessing'"),
      ElementsAre(std::to_string(scene.calls()) + ", " + std::to_string(scene.calls())));
  EXPECT_THAT(scene.query("SELECT count(*) FROM holdfast.runs WHERE workflow_type = 'Transfer'"),
              ElementsAre(std::to_string(scene.transfers())));
  EXPECT_THAT(scene.query(limited("SELECT workflow_id, status, coalesce(failure::text, '') FROM holdfast.runs "
                                  "WHERE status <> 'completed' OR closed_at IS NULL")),
              IsEmpty());
  EXPECT_THAT(
      scene.query(limited("SELECT run_id, count(*) FROM holdfast.events WHERE type LIKE 'Workflow%' AND type NOT IN "
                          "('WorkflowStarted', 'WorkflowSignaled') GROUP BY run_id HAVING count(*) <> 1")),
      IsEmpty());
  EXPECT_THAT(scene.query("SELECT (SELECT count(*) FROM holdfast.live_runs), (SELECT count(*) FROM holdfast.inbox), "
                          "(SELECT count(*) FROM holdfast.activity_tasks)"),
              ElementsAre("0, 0, 0"));
}

void expect_exact_usage(Scene& scene) {
  std::int64_t minutes = 0;
  for (int n = 0; n < scene.calls(); ++n) minutes += Scene::minutes_of(n);
  const std::string expected = std::to_string(scene.calls()) + ", " + std::to_string(minutes);
  EXPECT_THAT(scene.query("SELECT count(*), sum(minutes) FROM platform.usage_ledger"), ElementsAre(expected));
  EXPECT_THAT(scene.query("SELECT sum(calls), sum(minutes) FROM platform.usage_counters"), ElementsAre(expected));
  EXPECT_THAT(
      scene.query(limited("SELECT l.organization_id, l.calls, l.minutes, c.calls, c.minutes FROM "
                          "(SELECT organization_id, count(*) AS calls, sum(minutes) AS minutes FROM "
                          "platform.usage_ledger GROUP BY 1) l LEFT JOIN "
                          "(SELECT organization_id, sum(calls) AS calls, sum(minutes) AS minutes FROM "
                          "platform.usage_counters GROUP BY 1) c "
                          "USING (organization_id) WHERE (l.calls, l.minutes) IS DISTINCT FROM (c.calls, c.minutes)")),
      IsEmpty());
  EXPECT_THAT(
      scene.query(limited(
          "SELECT r.workflow_id, r.result ->> 'minutes', l.minutes FROM holdfast.runs r LEFT JOIN "
          "platform.usage_ledger l "
          "ON l.source = 'call:' || (r.input ->> 'call_id') AND l.organization_id = (r.input ->> "
          "'organization_id')::uuid "
          "WHERE r.workflow_type = 'CallProcessing' AND l.minutes IS DISTINCT FROM (r.result ->> 'minutes')::integer")),
      IsEmpty());
}

void expect_single_effects(Scene& scene) {
  EXPECT_THAT(
      scene.query(limited("SELECT workflow_id, step, count(*) FROM chaos.effects GROUP BY 1, 2 HAVING count(*) <> 1")),
      IsEmpty());
  EXPECT_THAT(scene.query("SELECT count(*) FROM chaos.effects"),
              ElementsAre(std::to_string(scene.transfers() * kEffects)));
  EXPECT_THAT(scene.query(limited("SELECT a.workflow_id FROM chaos.effects a JOIN chaos.effects b USING (workflow_id) "
                                  "WHERE a.step = 101 AND b.step = 102 AND a.id > b.id")),
              IsEmpty())
      << "signals out of order";
  EXPECT_THAT(scene.query("SELECT count(*), count(DISTINCT id) FROM platform.calls WHERE status <> 'in-progress'"),
              ElementsAre(std::to_string(scene.calls()) + ", " + std::to_string(scene.calls())));
  EXPECT_THAT(scene.query(limited("SELECT r.workflow_id, r.result ->> 'action_items', count(a.position) FROM "
                                  "holdfast.runs r LEFT JOIN platform.call_actions a "
                                  "ON a.call_id = r.input ->> 'call_id' WHERE r.workflow_type = 'CallProcessing' GROUP "
                                  "BY r.workflow_id, r.result ->> 'action_items' "
                                  "HAVING count(a.position) <> (r.result ->> 'action_items')::integer")),
              IsEmpty());
}

void expect_histories_that_replay(Scene& scene) {
  const auto known = definitions();
  int failures = 0;
  for (const auto& id : scene.query("SELECT run_id FROM holdfast.runs")) {
    const auto run_id = holdfast::Uuid::parse(id);
    try {
      const auto described = scene.store().describe_run({.namespace_ = "default", .workflow_id = {}, .run_id = run_id});
      replay(known.at(described->summary.workflow_type), *described, scene.store().read_history(run_id, 1, 10'000));
    } catch (const std::exception& error) {
      ADD_FAILURE() << "run " << id << ": " << error.what();
      if (++failures == 10) return;
    }
  }
}

void expect_healthy_doctor(Scene& scene) {
  const auto report = holdfast::store::postgres::examine(scene.owner_url());
  EXPECT_TRUE(report.healthy());
  for (const auto& check : report.checks) {
    if (check.kind != holdfast::store::postgres::DoctorCheck::Kind::promise) continue;
    EXPECT_THAT(check.findings, IsEmpty()) << check.name;
    EXPECT_EQ(check.error, "") << check.name;
  }
}

}  // namespace chaos
