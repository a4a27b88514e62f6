// Fan out, wait for all, and compensate when one part fails for good.
#include <iostream>

#include <holdfast/client/client.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>

using namespace holdfast;
using namespace std::chrono_literals;

struct Booking {
  std::string what;
};
struct Trip {
  std::vector<std::string> parts;
};
struct Outcome {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Booking, (), (what))
BOOST_DESCRIBE_STRUCT(Trip, (), (parts))
BOOST_DESCRIBE_STRUCT(Outcome, (), (text))

const Activity<Booking, Booking> book{"book", {.start_to_close = 10s, .retry = {.max_attempts = 1}}};
const Activity<Booking> undo{"undo", {.start_to_close = 10s}};
const WorkflowType<Trip, Outcome> kTravel{"Travel", "default"};

Workflow<Outcome> travel(Context ctx, Trip trip) {
  std::vector<Future<Booking>> bookings;
  for (const auto& part : trip.parts) bookings.push_back(ctx.run(book, {.what = part}));
  std::vector<Booking> done;
  bool failed = false;
  for (auto& booking : bookings) {
    try {
      done.push_back(co_await booking);
    } catch (const ActivityError&) {
      failed = true;  // co_await is not allowed in a catch block: remember, and compensate below
    }
  }
  if (!failed) co_return Outcome{"booked " + std::to_string(done.size())};
  for (const auto& booking : done) co_await ctx.run(undo, booking);
  co_return Outcome{"undone " + std::to_string(done.size())};
}

int main() {
  store::MemoryStore store;
  worker::Registry registry;
  registry.add(kTravel, travel);
  registry.add(book, [](const Booking& booking, worker::ActivityContext&) {
    if (booking.what == "rocket") throw ApplicationError("SoldOut", "no rocket today", true);
    return booking;
  });
  registry.add(undo, [](const Booking&, worker::ActivityContext&) { return Nothing{}; });
  worker::Worker worker(store, registry, {});
  worker.start();

  client::Client client(store);
  std::cout << client.start(kTravel, "a", {.parts = {"flight", "hotel", "car"}}).result(10s).text << "\n";
  std::cout << client.start(kTravel, "b", {.parts = {"flight", "rocket", "hotel"}}).result(10s).text << "\n";
}
