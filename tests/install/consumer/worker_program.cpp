// A worker and a client of somebody else, in one process on the store in memory: one run from start to result.
#include <chrono>
#include <cstdio>
#include <exception>

#include <holdfast/client/client.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>

#include "contract.hpp"

holdfast::Workflow<greeting::Greeting> greet(holdfast::Context ctx, greeting::Person person) {
  auto hurry = co_await ctx.receive(greeting::kHurry, std::chrono::hours(1));
  auto composed = co_await ctx.run(greeting::kCompose, {.name = person.name + (hurry ? "!" : "")});
  co_return composed;
}

int main() try {
  holdfast::worker::Registry registry;
  registry.add(greeting::kGreet, greet);
  registry.add(greeting::kCompose, [](const greeting::Person& person, holdfast::worker::ActivityContext&) {
    return greeting::Greeting{"Hello, " + person.name};
  });

  holdfast::store::MemoryStore store;
  holdfast::worker::Worker worker(store, registry, {.task_queues = {"greetings"}});
  worker.start();

  holdfast::client::Client client(store);
  auto run = client.start(greeting::kGreet, "greet-1", {.name = "Ada"});
  run.signal(greeting::kHurry, {.name = "Ada"});
  greeting::Greeting result = run.result(std::chrono::seconds(60));
  std::printf("worker: %s\n", result.text.c_str());
  bool stopped = worker.stop();
  return result.text == "Hello, Ada!" && stopped ? 0 : 1;
} catch (const std::exception& error) {
  std::printf("worker: unexpected error: %s\n", error.what());
  return 1;
}
