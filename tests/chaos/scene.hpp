#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/client/client.hpp>
#include <holdfast/devpg/private_postgres.hpp>
#include <holdfast/store/store.hpp>

namespace chaos {

/// A real server with fsync on, the schema, organizations, and the calls and transfers that were started so far.
class Scene {
 public:
  Scene();

  holdfast::devpg::PrivatePostgres& postgres() { return postgres_; }
  std::string owner_url() const { return postgres_.connection_string("chaos"); }
  /// As workers connect: with the runtime role.
  std::string worker_url() const { return owner_url() + " options='-c role=holdfast_runtime'"; }
  std::filesystem::path worker_log() const { return postgres_.folder() / "workers.log"; }

  /// Files the reports of that many further calls and starts their processing; and a transfer with its approvals for
  /// every third. Goes on until it is done, whatever happens to the server meanwhile.
  void start_calls(int count);
  int calls() const { return calls_; }
  int transfers() const { return transfers_; }
  std::int64_t open_runs();
  std::int64_t open_calls();

  /// What the n-th call must be charged.
  static std::int64_t minutes_of(int n);

  /// Text of every row, columns joined by ", ".
  std::vector<std::string> query(const std::string& sql);
  holdfast::store::Store& store() { return *store_; }

 private:
  void file_reports(int first, int count);
  void start_runs(int first, int count);
  void approve(int first, int count);
  /// Repeats what the server's absence interrupted.
  void insist(const std::function<void()>& action);

  holdfast::devpg::PrivatePostgres postgres_;
  std::unique_ptr<holdfast::store::Store> store_;
  std::unique_ptr<holdfast::client::Client> client_;
  std::string created_at_;
  int calls_ = 0, transfers_ = 0;
};

}  // namespace chaos
