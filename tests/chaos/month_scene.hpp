#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <activities/standin/standin_server.hpp>
#include <activities/traffic/month.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/devpg/private_postgres.hpp>
#include <holdfast/store/store.hpp>

namespace chaos {

/// A month of calls on a real server with fsync on, and the outside world: vendors and customers' endpoints.
class MonthScene {
 public:
  explicit MonthScene(std::int64_t calls);

  holdfast::devpg::PrivatePostgres& postgres() { return postgres_; }
  platform::standin::StandinServer& standin() { return standin_; }
  const platform::traffic::CallTraffic& traffic() const { return traffic_; }
  std::string owner_url() const { return postgres_.connection_string("chaos"); }
  std::string runtime_url() const { return owner_url() + " options='-c role=holdfast_runtime'"; }
  std::filesystem::path log() const { return postgres_.folder() / "processes.log"; }
  std::string api_url() const { return "http://127.0.0.1:" + std::to_string(api_port_); }
  /// The command line of platform-api.
  std::vector<std::string> api_command() const;

  /// One of `every` requests to each vendor, and to endpoints `times` in all (-1: for ever), fails before the effect,
  /// and as many after it.
  void begin_faults(int every, int times);
  void end_faults() { standin_.state().faults.clear(); }

  /// Posts every report until it is taken, whoever is away meanwhile.
  void post_reports();
  bool all_posted() const { return all_posted_; }

  /// Starts a run and waits for its end, whatever dies meanwhile. Throws if it failed.
  template <class In, class Out>
  Out insist_on(const holdfast::WorkflowType<In, Out>& type, const std::string& workflow_id, const In& input);

  std::int64_t open_runs(const std::string& task_queue = "");
  std::int64_t number(const std::string& sql);

 private:
  void insist(const std::function<void()>& action);

  holdfast::devpg::PrivatePostgres postgres_;
  platform::standin::StandinServer standin_;
  platform::traffic::CallTraffic traffic_;
  std::unique_ptr<holdfast::store::Store> store_;
  std::unique_ptr<holdfast::client::Client> client_;
  int api_port_ = 0;
  std::atomic<bool> all_posted_ = false;
};

template <class In, class Out>
Out MonthScene::insist_on(const holdfast::WorkflowType<In, Out>& type, const std::string& workflow_id,
                          const In& input) {
  Out out{};
  insist([&] {
    // Started once: a start whose answer was lost finds its run.
    auto run = client_->start(type, workflow_id, input, {.conflict = holdfast::store::IdConflictPolicy::use_existing});
    out = run.result(std::chrono::minutes(10));
  });
  return out;
}

}  // namespace chaos
