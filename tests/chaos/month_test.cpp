#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pqxx/connection>

#include <holdfast/store/postgres/doctor.hpp>
#include <workflows/billing_sweep.hpp>
#include <workflows/usage_aggregation.hpp>

#include "chaos_worker.hpp"
#include "month_scene.hpp"
#include "worker_process.hpp"

// A month goes through the platform while worker processes, the API and the server are killed, and vendors fail one
// request of twenty, half of them after the effect. HOLDFAST_CHAOS=full runs 10,000 calls and 50 kills.
namespace chaos {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct MonthPlan {
  std::int64_t calls;
  int kills;          ///< of workers; every fifth one also kills the API
  int restarts_each;  ///< of the server, while calls come in, and while bills are made
  int longest_gap_ms;
  int fault_every, fault_times;  ///< see MonthScene::begin_faults
};
constexpr MonthPlan kShort{
    .calls = 250, .kills = 8, .restarts_each = 1, .longest_gap_ms = 300, .fault_every = 6, .fault_times = 8};
constexpr MonthPlan kFull{
    .calls = 10'000, .kills = 50, .restarts_each = 1, .longest_gap_ms = 1500, .fault_every = 40, .fault_times = -1};

MonthPlan chosen_plan() {
  const char* size = std::getenv("HOLDFAST_CHAOS");
  return size != nullptr && std::string_view(size) == "full" ? kFull : kShort;
}

class MonthChaos : public testing::Test {
 protected:
  MonthChaos() : api_(scene_.api_command(), scene_.log()) {
    const WorkerSettings settings{.lease_ms = 1500, .standin_url = scene_.standin().url()};
    for (int i = 0; i < 2; ++i)
      workers_.push_back(std::make_unique<WorkerProcess>(worker_command(scene_.runtime_url(), settings), scene_.log()));
  }
  ~MonthChaos() override {
    if (!HasFailure()) return;
    std::ifstream log(scene_.log());
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    for (std::size_t i = lines.size() > 40 ? lines.size() - 40 : 0; i < lines.size(); ++i)
      std::cerr << lines[i] << "\n";
  }

  /// Kills until `done`, and `kills` times at least; the server crashes after half of them.
  void strike_until(int kills, const std::function<bool()>& done) {
    const auto deadline = Clock::now() + 15min;
    for (int struck = 0; struck < kills || !done();) {
      ASSERT_LT(Clock::now(), deadline) << "it does not end";
      std::this_thread::sleep_for(
          std::chrono::milliseconds(random_() % static_cast<std::uint64_t>(plan_.longest_gap_ms)));
      if (struck == kills) continue;
      workers_[random_() % workers_.size()]->kill_and_restart();
      if (struck % 5 == 4) api_.kill_and_restart();
      if (++struck == kills / 2)
        for (int i = 0; i < plan_.restarts_each; ++i) scene_.postgres().restart_immediate();
    }
  }

  bool idle() { return scene_.open_runs() == 0; }

  const MonthPlan plan_ = chosen_plan();
  std::mt19937_64 random_{std::random_device{}()};
  MonthScene scene_{plan_.calls};
  WorkerProcess api_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
};

TEST_F(MonthChaos, a_month_is_exact_whatever_dies_and_whatever_vendors_do) {
  scene_.begin_faults(plan_.fault_every, plan_.fault_times);
  auto posting = std::async(std::launch::async, [this] { scene_.post_reports(); });
  strike_until(plan_.kills * 3 / 5, [&] { return scene_.all_posted(); });
  posting.get();
  // A webhook that failed twice waits for minutes, and more failures would make hours of it. (The short plan's faults
  // are over before the first attempt is repeated.)
  strike_until(0, [&] { return scene_.open_runs("calls") == 0; });
  scene_.end_faults();
  strike_until(0, [&] { return idle(); });

  scene_.begin_faults(plan_.fault_every, plan_.fault_times);
  auto billing = std::async(std::launch::async, [this] {
    const auto& traffic = scene_.traffic();
    for (auto day = traffic.begin(); day < traffic.end(); day += std::chrono::hours(24)) {
      const auto date = holdfast::to_rfc3339(day).substr(0, 10);
      scene_.insist_on(platform::kUsageAggregation, "usage-aggregation-" + date,
                       platform::AggregateUsage{.date = date});
    }
    return scene_.insist_on(platform::kBillingSweep, "billing-sweep", platform::SweepBilling{.grace_seconds = 0});
  });
  strike_until(plan_.kills - plan_.kills * 3 / 5, [&] { return billing.wait_for(0s) == std::future_status::ready; });
  EXPECT_EQ(billing.get().due, scene_.traffic().options().organizations);
  strike_until(0, [&] { return idle(); });

  pqxx::connection owner(scene_.owner_url());
  EXPECT_THAT(platform::traffic::month_findings(owner, scene_.traffic()), testing::IsEmpty());
  EXPECT_EQ(scene_.standin().state().stripe.totals(), platform::traffic::expected_overage(owner, scene_.traffic()));
  const auto notified = scene_.number(
      "SELECT count(*) FROM platform.calls c JOIN platform.organizations o ON o.id = c.organization_id "
      "WHERE (o.settings -> 'notify' ->> 'sms')::boolean");
  EXPECT_EQ(scene_.standin().state().effects.count("twilio"), notified);
  EXPECT_GE(scene_.standin().state().effects.count("resend"), notified);  // alerts to owners, too
  const auto doctor = holdfast::store::postgres::examine(scene_.owner_url());
  EXPECT_TRUE(doctor.healthy());
  std::cout << plan_.calls << " calls, " << plan_.kills << " kills, " << 2 * plan_.restarts_each
            << " crashes of the server, " << scene_.standin().state().journal.entries().size()
            << " requests to vendors\n";
}

}  // namespace
}  // namespace chaos
