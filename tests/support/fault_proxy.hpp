#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::test {

/// A Unix-socket proxy in front of a PostgreSQL server that cuts connections at chosen points of the protocol.
///
/// It understands just enough of the frontend protocol to know what a client sends: statement by statement. Once armed,
/// the first statement that matches is cut, and the proxy is disarmed. Thread-safe.
class FaultProxy {
 public:
  enum class Cut {
    before,  ///< the server never sees the statement
    after    ///< the server carries it out, and the client never sees the answer
  };
  /// What is cut.
  enum class At {
    commit,    ///< a COMMIT
    execution  ///< the next statement with parameters: for verbs that are one statement, this is their commit
  };

  /// `server_socket`: the server's socket file, such as /tmp/x/.s.PGSQL.5432.
  explicit FaultProxy(std::filesystem::path server_socket);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  /// The folder to connect to (libpq's `host`), port 5432.
  const std::filesystem::path& folder() const { return folder_; }

  void arm(Cut cut, At at);
  /// True if the armed cut took place.
  bool has_cut() const { return cuts_ > 0; }
  /// Refuses new connections (accepts and closes them) until told otherwise; cuts the present ones.
  void refuse(bool refuse);

 private:
  struct Relay;
  enum class Decision { pass, cut_before, cut_after };
  Decision decide(bool commits, bool executes);
  void accept_loop();

  std::filesystem::path server_socket_, folder_;
  int listening_ = -1;
  int stop_pipe_[2] = {-1, -1};
  std::mutex mutex_;
  bool armed_ = false;
  Cut cut_ = Cut::before;
  At at_ = At::commit;
  std::atomic<int> cuts_ = 0;
  std::atomic<bool> refusing_ = false;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> relays_;
  std::thread acceptor_;
};

}  // namespace holdfast::test
