#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// This program again, as a process of its own: for what has to happen outside of this one, or has to be killed.
/// It ends with its parent.
class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& arguments);
  /// Another program.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments);
  /// SIGTERM, then SIGKILL after some seconds.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// A line that it printed, without the newline. Throws std::runtime_error when it ended or said nothing in time.
  std::string read_line(double seconds = 60);
  /// Sends a line to its standard input.
  void write_line(const std::string& line);
  void kill(int signal);
  /// Waits for its end; true if that was a success.
  bool wait();

 private:
  pid_t pid_ = 0;
  int output_ = -1, input_ = -1;
  std::string buffer_;
};

/// Resident memory of a process in bytes.
std::int64_t resident_bytes(pid_t pid);

/// The folder of this program, where the others are too.
std::string program_folder();

}  // namespace bench
