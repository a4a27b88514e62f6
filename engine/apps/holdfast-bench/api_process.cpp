#include "api_process.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "roles.hpp"

namespace bench {
namespace {

/// A port that was free a moment ago.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("there is no free port");
  return ntohs(address.sin_port);
}

}  // namespace

ApiProcess::ApiProcess(const std::string& database_url)
    : port_(free_port()),
      process_(program_folder() + "/platform-api",
               {"--database-url", database_url, "--port", std::to_string(port_), "--host", "127.0.0.1", "--threads",
                "64", "--log-level", "warning"}) {}

std::string ApiProcess::vapi_url(const std::string& organization) const {
  return fmt::format("http://127.0.0.1:{}/webhooks/vapi/{}", port_, organization);
}

void ApiProcess::wait_until_it_answers(const HttpLoad& probe) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    try {
      post_all(probe);
      return;
    } catch (const std::runtime_error& error) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error(std::string("platform-api does not answer: ") + error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace bench
