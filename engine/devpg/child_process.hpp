#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace holdfast::devpg {

/// What a finished command said.
struct CommandResult {
  int exit_code = 0;   ///< 128 + signal when a signal ended it
  std::string output;  ///< standard output and standard error, in the order of writing
};

/// Runs argv[0] (a path) to its end, with no standard input, in the folder "/", and without PG* environment
/// variables. Throws std::runtime_error when it cannot be started.
CommandResult run_command(const std::vector<std::string>& argv);

/// How start_process sets up the standard streams; -1 is /dev/null. The descriptors stay the caller's.
struct ProcessStreams {
  int input = -1;
  int output = -1;
  int announce_pid = -1;  ///< when set, the child writes "<pid>\n" here before it becomes the program
};

/// Starts argv[0] (a path) in a session of its own, so that Ctrl-C in the caller's terminal does not reach it.
/// Every descriptor above 2 is closed in the child. Returns the pid, which the caller must wait for.
pid_t start_process(const std::vector<std::string>& argv, ProcessStreams streams);

/// Waits until the child has ended or the time is over. True when it has ended (also when somebody else reaped it).
bool wait_for_exit(pid_t pid, double seconds);

}  // namespace holdfast::devpg
