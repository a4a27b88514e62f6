// The client half: the typed API on the store in memory, and what it says when no database listens.
#include <cstdio>
#include <exception>
#include <memory>

#include <holdfast/client/client.hpp>
#include <holdfast/store/memory/memory_store.hpp>

#include "contract.hpp"

using holdfast::client::Client;

int failures = 0;

void expect(bool condition, const char* what) {
  std::printf("client: %s: %s\n", what, condition ? "yes" : "NO");
  failures += condition ? 0 : 1;
}

int main() try {
  Client client(std::make_shared<holdfast::store::MemoryStore>());
  auto run = client.start(greeting::kGreet, "greet-1", {.name = "Ada"}, {.priority = 2});
  run.signal(greeting::kHurry, {.name = "Ada"});
  expect(run.workflow_id() == "greet-1" && !run.existing(), "started a run");
  expect(run.describe().summary.status == holdfast::store::RunStatus::running, "described it");
  run.terminate("enough");
  try {
    run.result(holdfast::Duration(0));
    expect(false, "a terminated run has no result");
  } catch (const holdfast::client::WorkflowFailedError& error) {
    std::printf("client: %s\n", error.what());
  }

  try {
    Client::connect("host=/nonexistent dbname=none connect_timeout=1", {.notify = false})
        .start(greeting::kGreet, "greet-2", {.name = "Ada"});
    expect(false, "a missing database is an error");
  } catch (const holdfast::store::Unavailable& error) {
    std::printf("client: unavailable, as expected: %s\n", error.what());
  }
  return failures;
} catch (const std::exception& error) {
  std::printf("client: unexpected error: %s\n", error.what());
  return 1;
}
