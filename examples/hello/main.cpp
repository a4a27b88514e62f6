// The smallest whole program: a workflow, an activity, a worker and a client, over the store in memory. Swap the store
// for store::postgres::open_postgres_store(...) and the same program is durable.
#include <iostream>

#include <holdfast/client/client.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>

using namespace holdfast;
using namespace std::chrono_literals;

// [readme]
struct Order {
  std::string item;
  int cents = 0;
};
struct Receipt {
  std::string number;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, cents))
BOOST_DESCRIBE_STRUCT(Receipt, (), (number))

const Activity<Order, Receipt> charge{"charge", {.start_to_close = 30s, .retry = {.max_attempts = 5}}};
const Activity<Receipt> ship{"ship", {.start_to_close = 1min}};
const Signal<Nothing> packed{"packed"};
const WorkflowType<Order, Receipt> kBuy{"Buy", "orders"};

Workflow<Receipt> buy(Context ctx, Order order) {
  auto receipt = co_await ctx.run(charge, order);  // retried, timed, recorded
  if (!co_await ctx.receive(packed, 24h))          // a signal, or a day goes by
    throw ApplicationError("NotPacked", order.item + " was not packed in time");
  co_await ctx.run(ship, receipt);
  co_return receipt;
}
// [/readme]

int main() {
  store::MemoryStore store;
  worker::Registry registry;
  registry.add(kBuy, buy);
  registry.add(charge, [](const Order& order, worker::ActivityContext& context) {
    return Receipt{order.item + " for " + std::to_string(order.cents) + ", attempt " +
                   std::to_string(context.attempt())};
  });
  registry.add(ship, [](const Receipt&, worker::ActivityContext&) { return Nothing{}; });
  worker::Worker worker(store, registry, {.task_queues = {"orders"}});
  worker.start();

  client::Client client(store);
  auto run = client.start(kBuy, "order-1", {.item = "tea", .cents = 450});
  client.signal("order-1", packed, {});
  std::cout << run.result(10s).number << "\n";
}
