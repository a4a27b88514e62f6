// Wait for a person, with a reminder: signals, timers and when_any.
#include <iostream>

#include <holdfast/client/client.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>

using namespace holdfast;
using namespace std::chrono_literals;

struct Request {
  std::string text;
};
struct Decision {
  bool approved = false;
  std::string by;
};
struct Answer {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Request, (), (text))
BOOST_DESCRIBE_STRUCT(Decision, (), (approved, by))
BOOST_DESCRIBE_STRUCT(Answer, (), (text))

const Activity<Request> remind{"remind", {.start_to_close = 10s}};
const Signal<Decision> decide{"decide"};
const WorkflowType<Request, Answer> kApproval{"Approval", "default"};

Workflow<Answer> approval(Context ctx, Request request) {
  auto decision = ctx.receive(decide);
  for (int reminders = 0; reminders < 3; ++reminders) {
    auto patience = ctx.sleep(50ms);
    if (co_await when_any(decision, patience) == 0) {
      const auto made = co_await decision;
      co_return Answer{(made.approved ? "approved by " : "refused by ") + made.by};
    }
    co_await ctx.run(remind, request);
  }
  co_return Answer{"nobody answered"};
}

int main() {
  store::MemoryStore store;
  worker::Registry registry;
  registry.add(kApproval, approval);
  registry.add(remind, [](const Request&, worker::ActivityContext&) { return Nothing{}; });
  worker::Worker worker(store, registry, {});
  worker.start();

  client::Client client(store);
  auto answered = client.start(kApproval, "holiday", {.text = "two weeks in June"});
  client.signal("holiday", decide, {.approved = true, .by = "Ada"});
  std::cout << answered.result(10s).text << "\n";
  std::cout << client.start(kApproval, "raise", {.text = "a lot"}).result(10s).text << "\n";
}
