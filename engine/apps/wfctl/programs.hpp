#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace wfctl {

/// A program that `wfctl dev` runs beside itself. It is ended with this process, however this process ends.
class ChildProgram {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// Starts `program` with its output appended to `log`. Throws std::runtime_error.
  ChildProgram(std::filesystem::path program, const Environment& environment, std::filesystem::path log);
  /// Ends it if it still runs.
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  const std::filesystem::path& log() const { return log_; }
  std::string name() const { return program_.filename(); }
  pid_t pid() const { return pid_; }
  /// SIGTERM, and SIGKILL after `seconds`.
  void stop(double seconds = 8);
  /// True when it has ended by itself; its end is then described by `end`.
  bool has_ended(std::string& end);

 private:
  std::filesystem::path program_, log_;
  pid_t pid_ = 0;
};

/// The folder of this program's binary.
std::filesystem::path own_folder();

}  // namespace wfctl
