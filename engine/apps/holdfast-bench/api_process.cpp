#include "api_process.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include <holdfast/devpg/free_port.hpp>

#include "roles.hpp"

namespace bench {

ApiProcess::ApiProcess(const std::string& database_url)
    : port_(holdfast::devpg::free_port()),
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
