#include "worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace chaos {

WorkerProcess::WorkerProcess(std::vector<std::string> command, std::filesystem::path log)
    : command_(std::move(command)), log_(std::move(log)) {
  start();
}

WorkerProcess::~WorkerProcess() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void WorkerProcess::start() {
  std::vector<const char*> argv;
  for (const auto& argument : command_) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  const int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(log, 1);
    dup2(log, 2);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execv(argv[0], const_cast<char**>(argv.data()));
    _exit(127);
  }
  ::close(log);
}

void WorkerProcess::kill_and_restart() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  stopped_ = false;
  start();
}

void WorkerProcess::stop() {
  ::kill(pid_, SIGSTOP);
  stopped_ = true;
}

void WorkerProcess::go_on() {
  ::kill(pid_, SIGCONT);
  stopped_ = false;
}

bool WorkerProcess::end(double seconds) {
  ::kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  pid_ = 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool WorkerProcess::alive() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

}  // namespace chaos
