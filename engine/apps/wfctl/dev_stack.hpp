#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/devpg/private_postgres.hpp>

#include "programs.hpp"

namespace wfctl {

struct DevOptions {
  std::filesystem::path folder;  ///< cluster and logs; defaults to default_dev_folder()
  bool ephemeral = false;
  std::uint16_t api_port = 8080;
  std::uint16_t postgres_port = 0;  ///< 0: Unix socket only
  std::string database_url;         ///< not empty: this server, instead of a private one
  std::filesystem::path programs;   ///< defaults to the folder of this program
  DevOptions();
};

/// PostgreSQL, migrations, a worker and the API, started by the constructor and stopped in reverse order.
/// Errors are std::runtime_error in words; then nothing is left running.
class DevStack {
 public:
  explicit DevStack(const DevOptions& options);
  ~DevStack();

  /// Where things are, for people.
  std::string description() const;
  /// What to tell when one of the programs has ended by itself.
  std::optional<std::string> ended_program();
  void stop();

 private:
  void start_database();
  void prepare_database();
  void start_programs();
  void wait_until_ready();
  std::string runtime_url() const;

  DevOptions options_;
  std::filesystem::path logs_;
  std::unique_ptr<holdfast::devpg::PrivatePostgres> postgres_;
  std::string owner_url_;  ///< for migrations, psql and wfctl
  std::unique_ptr<ChildProgram> worker_, api_;
};

}  // namespace wfctl
