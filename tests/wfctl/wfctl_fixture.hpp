#pragma once

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <pqxx/pqxx>

#include <holdfast/client/client.hpp>
#include <tests/client/close_run.hpp>
#include <tests/support/test_database.hpp>

#include "wfctl_process.hpp"

namespace holdfast::test {

/// A migrated database of its own, a client to fill it, and wfctl to look at it.
class WfctlTest : public testing::Test {
 protected:
  TestDatabase database;
  client::Client client = client::Client::connect(database.connection_string(), {.notify = false});

  WfctlResult wfctl(std::vector<std::string> arguments, const std::string& input = "") const {
    return run_wfctl(arguments, input, {{"HOLDFAST_DATABASE_URL", database.connection_string()}});
  }

  /// Starts a run; returns its run id.
  std::string start(const std::string& workflow_id, const std::string& type = "Test",
                    const client::StartOptions& options = {}) {
    return client.start_json({.workflow_type = type, .workflow_id = workflow_id, .options = options})
        .run.run_id.to_string();
  }
  void close(const std::string& run_id, const client::test::Ending& ending) {
    client::test::close_run(client.store(), Uuid::parse(run_id), ending);
  }
  void complete(const std::string& run_id, const std::string& result = "{}") { close(run_id, {.result = result}); }
  void fail(const std::string& run_id, const std::string& message) {
    close(run_id, {.status = store::RunStatus::failed, .failure = Failure{.type = "Oops", .message = message}});
  }

  /// Brings the tables into a state that programs would not, or not now.
  void sql(const std::string& statements) {
    pqxx::connection connection(database.connection_string());
    pqxx::work transaction(connection);
    transaction.exec(statements);
    transaction.commit();
  }
};

}  // namespace holdfast::test
