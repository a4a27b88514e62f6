#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>
#include <tests/support/faulty_store.hpp>

namespace holdfast::worker::test {

struct Note {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text))

/// A memory store that can fail, a registry, and the words that tests of a whole worker are written in. A hint or the
/// first poll starts the runs; after that nothing but what happens wakes a lane (idle_poll is long).
class WorkerFixture : public testing::Test {
 protected:
  using Clock = std::chrono::steady_clock;

  WorkerFixture() : store(inner) {
    options.lanes = 1;
    options.activity_threads = 4;
    options.idle_poll = std::chrono::milliseconds(10);
    options.log = [](std::string_view, std::string_view) {};
  }

  using Function = Workflow<Note> (*)(Context, Note);
  void add(const std::string& name, Function function) {
    registry.add(WorkflowType<Note, Note>{name, "default"}, function);
  }
  Worker& start_worker() {
    worker = std::make_unique<Worker>(store, registry, options);
    worker->start();
    return *worker;
  }
  store::NewRun new_run(const std::string& type, const std::string& id) {
    store::NewRun run;
    run.run_id = client::new_uuid();
    run.workflow_id = id;
    run.workflow_type = type;
    run.input = R"({"text":"x"})";
    return run;
  }
  Uuid begin(const store::NewRun& run) {
    EXPECT_EQ(inner.start_runs({&run, 1}).at(0).status, store::StartStatus::started);
    return run.run_id;
  }
  Uuid begin(const std::string& type, const std::string& id) { return begin(new_run(type, id)); }
  store::SendStatus signal(const std::string& workflow_id, const std::string& name, const std::string& text = "s") {
    store::NewMessage message;
    message.to.workflow_id = workflow_id;
    message.name = name;
    message.payload = encode(Note{text});
    message.message_id = client::new_uuid();
    return inner.send_messages({&message, 1}).at(0);
  }
  /// The first value that `condition` gives; throws after `patience`.
  template <class F>
  static auto wait_until(F condition, std::chrono::seconds patience = std::chrono::seconds(20)) ->
      typename decltype(condition())::value_type {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
      if (auto value = condition()) return *value;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw std::runtime_error("waited in vain");
  }
  static void wait_true(const std::function<bool()>& condition) {
    wait_until([&] { return condition() ? std::optional(true) : std::nullopt; });
  }
  store::ClosedRun wait_closed(const Uuid& run_id) {
    return wait_until([&]() -> std::optional<store::ClosedRun> {
      auto closed = inner.closed_runs({&run_id, 1});
      return closed.empty() ? std::nullopt : std::optional(closed[0]);
    });
  }
  std::vector<std::string> history_of(const Uuid& run_id) {
    std::vector<std::string> names;
    EventId next = 1;
    for (const auto& row : inner.read_history(run_id, 1, 1000)) {
      EXPECT_EQ(row.first_event_id, next);
      for (const auto& event : decode_events(row.events)) names.emplace_back(event_name(event)), ++next;
    }
    return names;
  }

  store::MemoryStore inner;
  holdfast::test::FaultyStore store;
  Registry registry;
  WorkerOptions options;
  std::unique_ptr<Worker> worker;
};

}  // namespace holdfast::worker::test
