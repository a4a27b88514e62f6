// The client half: starts and signals through the typed API. No database listens here, which is what it must say.
#include <cstdio>
#include <exception>

#include <holdfast/client/client.hpp>

#include "contract.hpp"

int main() {
  holdfast::client::StartRequest request =
      holdfast::client::Client::request(greeting::kGreet, "greet-1", {.name = "Ada"});
  if (request.workflow_type != "Greet" || request.input != R"({"name":"Ada"})" ||
      request.options.task_queue != "greetings") {
    std::printf("unexpected request: %s\n", request.input.c_str());
    return 1;
  }
  try {
    holdfast::client::Client client = holdfast::client::Client::connect(
        "host=/nonexistent dbname=none connect_timeout=1", {.notify = false});
    auto run = client.start(greeting::kGreet, "greet-1", {.name = "Ada"});
    run.signal(greeting::kHurry, {.name = "Ada"});
    std::printf("started %s without a database\n", run.workflow_id().c_str());
    return 1;
  } catch (const holdfast::store::Unavailable& error) {
    std::printf("client: unavailable, as expected: %s\n", error.what());
  } catch (const std::exception& error) {
    std::printf("client: another error than Unavailable: %s\n", error.what());
    return 1;
  }
  return 0;
}
