#include <holdfast/devpg/child_process.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace holdfast::devpg {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& string : strings) {
    result.push_back(const_cast<char*>(string.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

/// PGHOST, PGOPTIONS and their like belong to the user's own server and must not leak into ours.
std::vector<std::string> clean_environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("PG")) {
      result.emplace_back(*entry);
    }
  }
  return result;
}

/// Async-signal-safe: runs between fork and exec, in a process that may have had many threads.
void write_pid(int descriptor) {
  char text[24];
  char* end = text + sizeof text;
  char* start = end;
  *--start = '\n';
  for (auto rest = static_cast<unsigned long>(getpid()); rest != 0; rest /= 10) {
    *--start = static_cast<char>('0' + rest % 10);
  }
  [[maybe_unused]] ssize_t written = write(descriptor, start, static_cast<size_t>(end - start));
}

/// Async-signal-safe, like write_pid.
[[noreturn]] void become(char** argv, char** environment, int null, ProcessStreams streams) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal_number : {SIGPIPE, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD}) {
    signal(signal_number, SIG_DFL);
  }
  umask(077);
  if (streams.announce_pid >= 0) {
    write_pid(streams.announce_pid);
  }
  int output = streams.output >= 0 ? streams.output : null;
  if (chdir("/") != 0 || dup2(streams.input >= 0 ? streams.input : null, 0) < 0 || dup2(output, 1) < 0 ||
      dup2(output, 2) < 0) {
    _exit(127);
  }
  close_range(3, ~0U, 0);
  execve(argv[0], argv, environment);
  const char* reason = strerror(errno);
  for (const char* part : std::initializer_list<const char*>{argv[0], ": ", reason, "\n"}) {
    [[maybe_unused]] ssize_t written = write(2, part, strlen(part));
  }
  _exit(127);
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  while (true) {
    ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count > 0) {
      text.append(buffer, static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return text;
    }
  }
}

}  // namespace

pid_t start_process(const std::vector<std::string>& argv, ProcessStreams streams) {
  std::vector<char*> arguments = pointers(argv);
  std::vector<std::string> variables = clean_environment();
  std::vector<char*> environment = pointers(variables);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) {
    throw std::runtime_error(std::string("cannot open /dev/null: ") + strerror(errno));
  }
  pid_t pid = fork();
  if (pid == 0) {
    become(arguments.data(), environment.data(), null, streams);
  }
  int error = errno;
  close(null);
  if (pid < 0) {
    throw std::runtime_error("cannot start " + argv.front() + ": " + strerror(error));
  }
  return pid;
}

CommandResult run_command(const std::vector<std::string>& argv) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    throw std::runtime_error(std::string("cannot make a pipe: ") + strerror(errno));
  }
  pid_t pid = -1;
  try {
    pid = start_process(argv, {.output = pipe_ends[1]});
  } catch (...) {
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    throw;
  }
  close(pipe_ends[1]);
  CommandResult result;
  result.output = read_all(pipe_ends[0]);
  close(pipe_ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

bool wait_for_exit(pid_t pid, double seconds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (true) {
    pid_t reaped = waitpid(pid, nullptr, WNOHANG);
    if (reaped == pid || (reaped < 0 && errno == ECHILD && kill(pid, 0) != 0)) {
      return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace holdfast::devpg
