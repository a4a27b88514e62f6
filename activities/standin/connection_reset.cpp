#include <activities/standin/connection_reset.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <filesystem>
#include <string>

namespace platform::standin {
namespace {

using NameOf = int (*)(int, sockaddr*, socklen_t*);

int port_of(int fd, NameOf name_of) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (name_of(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return -1;
}

int find_socket(int local_port, int remote_port) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const auto name = entry.path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (fd >= 0 && port_of(fd, &getsockname) == local_port && port_of(fd, &getpeername) == remote_port) return fd;
  }
  return -1;
}

}  // namespace

void reset_connection(int local_port, int remote_port) {
  const int fd = find_socket(local_port, remote_port);
  if (fd < 0) return;
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;  // Linux: dissolves the connection, which sends RST
  ::connect(fd, &nowhere, sizeof nowhere);
}

}  // namespace platform::standin
