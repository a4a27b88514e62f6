#include "programs.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <holdfast/devpg/child_process.hpp>

namespace wfctl {
namespace {

namespace fs = std::filesystem;

/// util-linux's setpriv asks the kernel to end the program when its parent dies, also by kill -9; env sets what the
/// program reads.
std::vector<std::string> command_line(const fs::path& program, const ChildProgram::Environment& environment) {
  std::vector<std::string> argv;
  for (const char* setpriv : {"/usr/bin/setpriv", "/bin/setpriv"}) {
    if (!fs::exists(setpriv)) continue;
    argv = {setpriv, "--pdeathsig", "TERM"};
    break;
  }
  argv.push_back("/usr/bin/env");
  for (const auto& [name, value] : environment) argv.push_back(name + "=" + value);
  argv.push_back(program);
  return argv;
}

}  // namespace

ChildProgram::ChildProgram(fs::path program, const Environment& environment, fs::path log)
    : program_(std::move(program)), log_(std::move(log)) {
  const int output = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) throw std::runtime_error(log_.string() + ": " + std::strerror(errno));
  try {
    pid_ = holdfast::devpg::start_process(command_line(program_, environment), {.output = output});
  } catch (...) {
    ::close(output);
    throw;
  }
  ::close(output);
}

ChildProgram::~ChildProgram() { stop(); }

void ChildProgram::stop(double seconds) {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  if (!holdfast::devpg::wait_for_exit(pid_, seconds)) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_ = 0;
}

bool ChildProgram::has_ended(std::string& end) {
  int status = 0;
  if (pid_ == 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = 0;
  end = WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                            : "ended with exit code " + std::to_string(WEXITSTATUS(status));
  return true;
}

fs::path own_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

}  // namespace wfctl
