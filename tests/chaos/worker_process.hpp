#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace chaos {

/// A program that is killed, stopped and started again. Ends with the test, however that ends. Only for the main
/// thread.
class WorkerProcess {
 public:
  /// Its standard output and error go to the end of `log`.
  WorkerProcess(std::vector<std::string> command, std::filesystem::path log);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool stopped() const { return stopped_; }
  void kill_and_restart();
  void stop();   ///< SIGSTOP
  void go_on();  ///< SIGCONT
  /// SIGTERM; true if it then ended well within `seconds`.
  bool end(double seconds);
  /// False if it ended by itself.
  bool alive() const;

 private:
  void start();
  const std::vector<std::string> command_;
  const std::filesystem::path log_;
  pid_t pid_ = 0;
  bool stopped_ = false;
};

}  // namespace chaos
