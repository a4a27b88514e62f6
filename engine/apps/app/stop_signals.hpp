#pragma once

#include <chrono>

#include <csignal>

namespace app {

/// SIGINT and SIGTERM as something to wait for. Make it in main() before any thread: the signals are blocked in every
/// thread that is made afterwards. SIGPIPE is ignored: a lost connection is an error to handle, not a death.
class StopSignals {
 public:
  StopSignals();
  /// Waits for the first. Afterwards they act as usual again, so that a second one ends the process at once.
  void wait();
  /// True when one came within `time`.
  bool wait_for(std::chrono::milliseconds time);

 private:
  void restore();
  sigset_t signals_;
};

}  // namespace app
