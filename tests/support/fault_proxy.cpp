#include <tests/support/fault_proxy.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace holdfast::test {
namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path)
    throw std::runtime_error("socket path is too long: " + path.string());
  std::strcpy(address.sun_path, path.c_str());
  return address;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t length_at(std::string_view bytes, std::size_t at) {
  std::size_t length = 0;
  for (std::size_t i = at; i < at + 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

/// Splits a byte stream into protocol messages: a type byte and a length that includes itself.
class Messages {
 public:
  explicit Messages(bool starts_untyped) : untyped_(starts_untyped) {}
  void add(std::string_view bytes) { buffer_ += bytes; }
  std::optional<std::string> next() {
    const std::size_t header = untyped_ ? 4 : 5;
    if (buffer_.size() < header) return std::nullopt;
    const std::size_t size = length_at(buffer_, header - 4) + header - 4;
    if (buffer_.size() < size) return std::nullopt;
    std::string message = buffer_.substr(0, size);
    buffer_.erase(0, size);
    untyped_ = false;
    return message;
  }

 private:
  bool untyped_;  ///< the startup packet has no type byte
  std::string buffer_;
};

}  // namespace

/// One client's connection.
struct FaultProxy::Relay {
  FaultProxy& proxy;
  int client, server;
  Messages from_client{true}, from_server{false};
  std::string statement;        ///< messages up to a Query or Sync, held back until it is complete
  bool executes = false;        ///< it holds an Execute
  bool started = false;         ///< the startup packet has passed
  bool dropping_reply = false;  ///< the connection ends when the server is ready again

  void run() {
    while (!proxy.stopping_ && !proxy.refusing_) {
      pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (poll(fds, 2, 20) < 0 && errno != EINTR) break;
      if (fds[0].revents != 0 && !pump_client()) break;
      if (fds[1].revents != 0 && !pump_server()) break;
    }
    close(client);
    close(server);
  }

  bool pump_client() {
    char buffer[65536];
    const ssize_t size = recv(client, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    from_client.add({buffer, static_cast<std::size_t>(size)});
    while (auto message = from_client.next()) {
      if (!take(*message)) return false;
    }
    return true;
  }

  /// False: cut.
  bool take(const std::string& message) {
    statement += message;
    if (!started) {
      started = true;
      return forward();
    }
    const char type = message[0];
    executes |= type == 'E';
    if (type != 'Q' && type != 'S' && type != 'X' && type != 'p') return true;  // more follows
    const bool commits = type == 'Q' && std::string_view(message).substr(5).starts_with("COMMIT");
    switch (proxy.decide(commits, executes)) {
      case Decision::pass: return forward();
      case Decision::cut_before: return false;
      case Decision::cut_after: dropping_reply = true; return forward();
    }
    return false;
  }

  bool forward() {
    executes = false;
    return send_all(server, std::exchange(statement, {}));
  }

  bool pump_server() {
    char buffer[65536];
    const ssize_t size = recv(server, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    if (!dropping_reply) return send_all(client, {buffer, static_cast<std::size_t>(size)});
    from_server.add({buffer, static_cast<std::size_t>(size)});
    while (auto message = from_server.next()) {
      if ((*message)[0] == 'Z') return false;  // carried out to the end
    }
    return true;
  }
};

FaultProxy::Decision FaultProxy::decide(bool commits, bool executes) {
  const std::lock_guard lock(mutex_);
  if (!armed_ || !(at_ == At::commit ? commits : executes)) return Decision::pass;
  armed_ = false;
  ++cuts_;
  return cut_ == Cut::before ? Decision::cut_before : Decision::cut_after;
}

FaultProxy::FaultProxy(std::filesystem::path server_socket) : server_socket_(std::move(server_socket)) {
  char name[] = "/tmp/holdfast-proxy-XXXXXX";
  if (mkdtemp(name) == nullptr) throw std::runtime_error("cannot make a folder for the proxy");
  folder_ = name;
  listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(folder_ / ".s.PGSQL.5432");
  if (bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening_, 64) != 0) {
    throw std::runtime_error("cannot listen in " + folder_.string());
  }
  if (pipe(stop_pipe_) != 0) throw std::runtime_error("cannot make a pipe");
  acceptor_ = std::thread([this] { accept_loop(); });
}

FaultProxy::~FaultProxy() {
  stopping_ = true;
  close(stop_pipe_[1]);
  acceptor_.join();
  for (auto& relay : relays_) relay.join();
  close(stop_pipe_[0]);
  close(listening_);
  std::filesystem::remove_all(folder_);
}

void FaultProxy::arm(Cut cut, At at) {
  const std::lock_guard lock(mutex_);
  cut_ = cut;
  at_ = at;
  armed_ = true;
  cuts_ = 0;
}

void FaultProxy::refuse(bool refuse) { refusing_ = refuse; }

void FaultProxy::accept_loop() {
  for (;;) {
    pollfd fds[2] = {{listening_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (stopping_) return;
    const int client = accept(listening_, nullptr, nullptr);
    if (client < 0) continue;
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(server_socket_);
    if (refusing_ || connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(client);
      close(server);
      continue;
    }
    relays_.emplace_back([this, client, server] { Relay{.proxy = *this, .client = client, .server = server}.run(); });
  }
}

}  // namespace holdfast::test
