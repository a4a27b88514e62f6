#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <holdfast/client/schedules.hpp>

#include "chaos_worker.hpp"
#include "checks.hpp"
#include "scene.hpp"
#include "tick.hpp"
#include "worker_process.hpp"

// Schedules that tick every second while the processes that fire them are killed: each tick happens exactly once.
// HOLDFAST_CHAOS=full: 1,000 schedules and 100 kills.
namespace chaos {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Plan {
  int schedules, seconds, kills;
};
constexpr Plan kShort{.schedules = 60, .seconds = 8, .kills = 8};
constexpr Plan kFull{.schedules = 1000, .seconds = 120, .kills = 100};

Plan chosen_plan() {
  const char* size = std::getenv("HOLDFAST_CHAOS");
  return size != nullptr && std::string_view(size) == "full" ? kFull : kShort;
}

/// Ticks from `first` to `last`, every second.
void create_schedules(Scene& scene, int count, holdfast::Timestamp first, holdfast::Timestamp last) {
  const holdfast::client::Schedules schedules(holdfast::client::Client(scene.store(), {}));
  holdfast::client::ScheduleRequest request;
  request.definition.workflow_type = kTick;
  request.definition.overlap = holdfast::schedule::Overlap::allow_all;
  request.definition.spec.intervals = {{"1s"}};
  request.definition.spec.start_at = first;
  request.definition.spec.end_at = last;
  for (int n = 0; n < count; ++n) schedules.create(fmt::format("tick-{}", n), request);
}

std::int64_t number(Scene& scene, const std::string& sql) { return std::stoll(scene.query(sql).at(0)); }

/// Waits until a number is zero; gives up when it does not change for two minutes.
bool falls_to_zero(Scene& scene, const std::string& sql) {
  auto last = number(scene, sql);
  for (auto deadline = Clock::now() + 120s; last > 0 && Clock::now() < deadline;) {
    std::this_thread::sleep_for(100ms);
    const auto value = number(scene, sql);
    if (value != last) deadline = Clock::now() + 120s;
    last = value;
  }
  return last == 0;
}

TEST(ScheduleChaos, every_tick_happens_once_whoever_dies) {
  const Plan plan = chosen_plan();
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  Scene scene;
  // Far enough ahead for the schedules to be there before the first tick.
  const auto first = std::chrono::ceil<std::chrono::seconds>(scene.store().now() + 3s + plan.schedules * 10ms);
  create_schedules(scene, plan.schedules, first, first + std::chrono::seconds(plan.seconds));

  std::vector<std::unique_ptr<WorkerProcess>> workers;
  for (int i = 0; i < 3; ++i)
    workers.push_back(
        std::make_unique<WorkerProcess>(worker_command(scene.worker_url(), {.lease_ms = 1000}), scene.worker_log()));
  std::this_thread::sleep_for(first - scene.store().now());
  const auto gap = std::chrono::milliseconds(plan.seconds * 1000 / plan.kills);
  for (int i = 0; i < plan.kills; ++i) {
    std::this_thread::sleep_for(gap);
    workers[random() % workers.size()]->kill_and_restart();
  }
  ASSERT_TRUE(falls_to_zero(scene, "SELECT count(*) FROM holdfast.schedules WHERE next_at < 'infinity'"));
  ASSERT_TRUE(falls_to_zero(scene, "SELECT count(*) FROM holdfast.live_runs"));

  const auto expected = static_cast<std::int64_t>(plan.schedules) * (plan.seconds + 1);
  EXPECT_EQ(number(scene, "SELECT count(*) FROM holdfast.runs"), expected);
  EXPECT_EQ(number(scene, "SELECT count(*) FROM holdfast.runs WHERE status <> 'completed'"), 0);
  const auto wrong = scene.query(fmt::format(R"sql(
    WITH wanted AS (
      SELECT 'tick-' || n || '-' || to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS workflow_id
        FROM generate_series(0, {} - 1) n, generate_series('{}'::timestamptz, '{}'::timestamptz, interval '1 s') t)
    SELECT coalesce(w.workflow_id, r.workflow_id), coalesce(r.n, 0)
      FROM wanted w FULL JOIN (SELECT workflow_id, count(*) AS n FROM holdfast.runs GROUP BY 1) r
        ON r.workflow_id = w.workflow_id
     WHERE w.workflow_id IS NULL OR r.n IS DISTINCT FROM 1 LIMIT 20)sql",
                                             plan.schedules, holdfast::to_rfc3339(first),
                                             holdfast::to_rfc3339(first + std::chrono::seconds(plan.seconds))));
  EXPECT_TRUE(wrong.empty()) << testing::PrintToString(wrong);
  for (auto& worker : workers) EXPECT_TRUE(worker->alive()) << "a worker ended by itself";
  scene.query("ANALYZE");
  expect_healthy_doctor(scene);
  std::cout << expected << " ticks of " << plan.schedules << " schedules, " << plan.kills << " kills, seed " << seed
            << "\n";
}

}  // namespace
}  // namespace chaos
