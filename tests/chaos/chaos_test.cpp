#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "chaos_worker.hpp"
#include "checks.hpp"
#include "scene.hpp"
#include "worker_process.hpp"

// Worker processes are killed, stopped and resumed, and the server crashes, at random moments while calls are
// processed. HOLDFAST_CHAOS=full takes minutes; HOLDFAST_CHAOS_SEED repeats the choices of an earlier run (the moments
// at which they strike differ: processes are not deterministic).
namespace chaos {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Plan {
  int calls;  ///< in flight, from the first blow to the last
  int kills, pauses, restarts;
  WorkerSettings worker;
  int longest_gap_ms;
};
const Plan kShort{.calls = 300,
                  .kills = 10,
                  .pauses = 1,
                  .restarts = 1,
                  .worker = {.lease_ms = 1000, .longest_vendor_wait_s = 2},
                  .longest_gap_ms = 300};
const Plan kFull{.calls = 5000,
                 .kills = 200,
                 .pauses = 6,
                 .restarts = 5,
                 .worker = {.lease_ms = 5000, .longest_vendor_wait_s = 40},
                 .longest_gap_ms = 500};

Plan chosen_plan() {
  const char* size = std::getenv("HOLDFAST_CHAOS");
  return size != nullptr && std::string_view(size) == "full" ? kFull : kShort;
}

std::uint64_t chosen_seed() {
  const char* seed = std::getenv("HOLDFAST_CHAOS_SEED");
  return seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device{}();
}

enum class Blow { kill, pause, restart };

class Chaos : public testing::Test {
 protected:
  static constexpr std::size_t kWorkers = 3;

  Chaos() {
    for (std::size_t i = 0; i < kWorkers; ++i)
      workers_.push_back(
          std::make_unique<WorkerProcess>(worker_command(scene_.worker_url(), plan_.worker), scene_.worker_log()));
  }
  ~Chaos() override {
    if (!HasFailure()) return;
    std::cerr << "seed " << seed_ << " (HOLDFAST_CHAOS_SEED repeats its choices); the workers' last words:\n";
    std::ifstream log(scene_.worker_log());
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    for (std::size_t i = lines.size() > 60 ? lines.size() - 60 : 0; i < lines.size(); ++i)
      std::cerr << lines[i] << "\n";
  }

  std::vector<Blow> blows() {
    std::vector<Blow> out;
    out.insert(out.end(), static_cast<std::size_t>(plan_.kills), Blow::kill);
    out.insert(out.end(), static_cast<std::size_t>(plan_.pauses), Blow::pause);
    out.insert(out.end(), static_cast<std::size_t>(plan_.restarts), Blow::restart);
    std::ranges::shuffle(out, random_);
    return out;
  }

  void strike(Blow blow) {
    if (blow == Blow::restart) return scene_.postgres().restart_immediate();
    WorkerProcess& worker = *workers_[random_() % kWorkers];
    if (worker.stopped()) return strike_other(blow, worker);
    if (blow == Blow::kill) return worker.kill_and_restart();
    worker.stop();
    paused_.push_back({&worker, Clock::now() + std::chrono::milliseconds(plan_.worker.lease_ms) + 1s});
  }

  void strike_other(Blow blow, const WorkerProcess& not_this) {
    for (auto& worker : workers_) {
      if (worker.get() == &not_this || worker->stopped()) continue;
      if (blow == Blow::kill)
        worker->kill_and_restart();
      else
        resume_later(*worker);
      return;
    }
  }

  void resume_later(WorkerProcess& worker) {
    worker.stop();
    paused_.push_back({&worker, Clock::now() + std::chrono::milliseconds(plan_.worker.lease_ms) + 1s});
  }

  void resume(bool all) {
    std::erase_if(paused_, [&](const Paused& paused) {
      if (!all && Clock::now() < paused.until) return false;
      std::this_thread::sleep_until(paused.until);
      paused.worker->go_on();
      return true;
    });
  }

  void top_up() {
    // Some end while others are started.
    auto open = scene_.open_calls();
    for (int pass = 0; open < plan_.calls && pass < 10; ++pass) {
      scene_.start_calls(static_cast<int>(plan_.calls - open));
      open = scene_.open_calls();
    }
    fewest_in_flight_ = std::min(fewest_in_flight_, open);
  }

  void say(std::string_view what) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_).count();
    std::cout << "after " << seconds << " s: " << what << ", " << scene_.calls() << " calls started, "
              << scene_.open_calls() << " calls open" << std::endl;
  }

  /// True when nothing is open any more; false when nothing ends for a while.
  bool drain() {
    const auto patience = std::chrono::milliseconds(4 * plan_.worker.lease_ms) + 60s;
    auto open = scene_.open_runs();
    for (auto deadline = Clock::now() + patience; open > 0 && Clock::now() < deadline;) {
      std::this_thread::sleep_for(50ms);
      const auto now_open = scene_.open_runs();
      if (now_open != open) deadline = Clock::now() + patience;
      open = now_open;
    }
    return open == 0;
  }

  struct Paused {
    WorkerProcess* worker;
    Clock::time_point until;
  };

  const Plan plan_ = chosen_plan();
  const std::uint64_t seed_ = chosen_seed();
  const Clock::time_point started_ = Clock::now();
  std::mt19937_64 random_{seed_};
  std::int64_t fewest_in_flight_ = std::numeric_limits<std::int64_t>::max();
  Scene scene_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  std::vector<Paused> paused_;
};

TEST_F(Chaos, every_call_ends_once_whatever_dies) {
  top_up();
  say("all began");
  int struck = 0;
  for (const Blow blow : blows()) {
    if (++struck % 25 == 0) say(std::to_string(struck) + " blows");
    std::this_thread::sleep_for(
        std::chrono::milliseconds(random_() % static_cast<std::uint64_t>(plan_.longest_gap_ms)));
    resume(false);
    top_up();
    strike(blow);
  }
  resume(true);
  say("no more blows");
  ASSERT_TRUE(drain()) << testing::PrintToString(scene_.query(
      "SELECT workflow_id, owner, ready_at, rung, waiting_for, task_failure FROM holdfast.live_runs LIMIT 10"));
  say("drained");
  for (auto& worker : workers_) {
    EXPECT_TRUE(worker->alive()) << "a worker ended by itself";
    EXPECT_TRUE(worker->end(8)) << "a worker did not end on SIGTERM";
  }
  scene_.query("ANALYZE");  // the checks join tables that grew from nothing within a minute
  expect_every_run_ended_once(scene_);
  expect_exact_usage(scene_);
  expect_single_effects(scene_);
  expect_histories_that_replay(scene_);
  expect_healthy_doctor(scene_);
  RecordProperty("calls", scene_.calls());
  RecordProperty("fewest_calls_in_flight", std::to_string(fewest_in_flight_));
  std::cout << scene_.calls() << " calls (never less than " << fewest_in_flight_ << " in flight) and "
            << scene_.transfers() << " transfers, " << plan_.kills << " kills, " << plan_.pauses << " pauses, "
            << plan_.restarts << " crashes of the server, seed " << seed_ << "\n";
}

}  // namespace
}  // namespace chaos
