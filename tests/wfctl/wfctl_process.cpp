#include "wfctl_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace holdfast::test {
namespace {

/// A nameless temporary file: unlike pipes, it takes output of any size without a reader.
class TemporaryFile {
 public:
  TemporaryFile() : file_(std::tmpfile()) {
    if (file_ == nullptr) throw std::runtime_error("no temporary file");
  }
  ~TemporaryFile() { std::fclose(file_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return ::fileno(file_); }
  void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), file_);
    std::fflush(file_);
    std::rewind(file_);
  }
  std::string read() {
    std::rewind(file_);
    std::string text;
    char block[65536];
    while (const auto count = std::fread(block, 1, sizeof block, file_)) text.append(block, count);
    return text;
  }

 private:
  std::FILE* file_;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

std::string wfctl_path() { return HOLDFAST_BIN_DIR "/wfctl"; }

WfctlResult run_wfctl(const std::vector<std::string>& arguments, const std::string& input, const Variables& variables) {
  TemporaryFile in, out, err;
  in.write(input);
  std::vector<std::string> words{wfctl_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment{"PATH=" + std::string(std::getenv("PATH"))};
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  auto argv = pointers(words);
  auto envp = pointers(environment);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(in.descriptor(), 0);
    ::dup2(out.descriptor(), 1);
    ::dup2(err.descriptor(), 2);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out.read(), err.read()};
}

}  // namespace holdfast::test
