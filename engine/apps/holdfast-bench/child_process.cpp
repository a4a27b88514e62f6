#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace bench {

ChildProcess::ChildProcess(const std::vector<std::string>& arguments)
    : ChildProcess(std::filesystem::read_symlink("/proc/self/exe"), arguments) {}

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments) {
  int out[2], in[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0) _exit(127);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  ::close(out[1]);
  ::close(in[0]);
  output_ = out[0];
  input_ = in[1];
}

ChildProcess::~ChildProcess() {
  ::close(input_);
  ::close(output_);
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < 800; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string ChildProcess::read_line(double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration<double, std::milli>(deadline - std::chrono::steady_clock::now()).count();
    pollfd descriptor{output_, POLLIN, 0};
    if (left <= 0 || poll(&descriptor, 1, static_cast<int>(left) + 1) == 0)
      throw std::runtime_error("a child process says nothing");
    char block[65536];
    const ssize_t count = ::read(output_, block, sizeof block);
    if (count <= 0) throw std::runtime_error("a child process has ended");
    buffer_.append(block, static_cast<std::size_t>(count));
  }
}

void ChildProcess::write_line(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("a child process has ended");
}

void ChildProcess::kill(int signal) { ::kill(pid_, signal); }

bool ChildProcess::wait() {
  int status = 0;
  const bool waited = waitpid(pid_, &status, 0) == pid_;
  pid_ = 0;
  return waited && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::int64_t resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string program_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

}  // namespace bench
