#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;
using namespace std::string_literals;

class BadInput : public StoreContract {
 protected:
  template <class Act>
  void expect_rejected(const std::string& field, Act act) {
    try {
      act();
      ADD_FAILURE() << "accepted a bad " << field;
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find(field), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("allowed"), std::string::npos) << error.what();
    }
  }
  void expect_no_start(const std::string& field, const NewRun& run) {
    SCOPED_TRACE(field);
    expect_rejected(field, [&] { start_one(run); });
  }

  const std::vector<std::string> bad_texts_{""s, "nul\0byte"s, "\xFF"s, "cut \xC3"s, "\xED\xA0\x80"s, "\xC0\x80"s};
  const std::vector<std::string> bad_json_{
      ""s, "{"s, "{'a':1}"s, "nul"s, "{}{}"s, "{\"a\":\"\xFF\"}"s, "{\"a\":\"\0\"}"s, "[1,]"s, "NaN"s};
};
HOLDFAST_ON_EVERY_STORE(BadInput);

TEST_P(BadInput, EveryTextOfAStartIsChecked) {
  for (auto [field, member, limit] :
       {std::tuple("namespace", &NewRun::namespace_, 255), std::tuple("workflow_id", &NewRun::workflow_id, 1000),
        std::tuple("workflow_type", &NewRun::workflow_type, 255), std::tuple("task_queue", &NewRun::task_queue, 255)}) {
    NewRun run = new_run();
    for (const auto& text : bad_texts_) {
      run.*member = text;
      expect_no_start(field, run);
    }
    run.*member = std::string(static_cast<std::size_t>(limit) + 1, 'x');
    expect_no_start(field, run);
  }
  EXPECT_TRUE(store().list_runs({}).empty());
}

TEST_P(BadInput, PayloadsMustBeJson) {
  for (const auto& text : bad_json_) {
    NewRun run = new_run();
    run.input = text;
    expect_no_start("input", run);
  }
  NewRun run = new_run();
  run.input = "\"" + std::string(4 << 20, 'x') + "\"";
  expect_no_start("input", run);
  EXPECT_TRUE(store().list_runs({}).empty());
}

TEST_P(BadInput, MemoAndAttributesMustBeObjectsThatJsonbAccepts) {
  for (auto [field, member] :
       {std::pair("memo", &NewRun::memo), std::pair("search_attributes", &NewRun::search_attributes)}) {
    for (const auto* text : {"1", "[]", "null", "{", R"({"a":"\u0000"})", R"({"a":"\ud83d"})", R"({"\udc00":1})"}) {
      NewRun run = new_run();
      run.*member = text;
      expect_no_start(field, run);
    }
  }
  NewRun fine = new_run();
  fine.memo = R"({"a":"\ud83d\ude00 \\u0000 \n"})";
  start(fine);
}

TEST_P(BadInput, NumbersMustBeInRange) {
  for (const int priority : {0, 6, -1, 1'000'000}) {
    NewRun run = new_run();
    run.priority = priority;
    expect_no_start("priority", run);
  }
  for (const Duration delay : {Duration(-1us), Duration::max(), Duration(std::chrono::hours(24 * 366 * 101))}) {
    NewRun run = new_run();
    run.start_delay = delay;
    expect_no_start("start_delay", run);
  }
  for (const Duration timeout : {Duration(-1us), Duration(0us), Duration::max()}) {
    NewRun run = new_run();
    run.execution_timeout = timeout;
    expect_no_start("execution_timeout", run);
  }
}

TEST_P(BadInput, RunIdsMustBeVersion7) {
  for (const auto* id : {"00000000-0000-0000-0000-000000000000", "9b2c7a52-52b5-4a2a-9d0e-0f6f2e9c1d11",
                         "017f22e2-79b0-7cc3-18c4-dc0c0c07398f"}) {
    NewRun run = new_run();
    run.run_id = Uuid::parse(id);
    expect_no_start("run_id", run);
  }
}

TEST_P(BadInput, PoliciesThatContradictEachOtherAreRejected) {
  NewRun run = new_run();
  run.reuse = IdReusePolicy::reject_duplicate;
  run.conflict = IdConflictPolicy::terminate_existing;
  expect_no_start("conflict policy", run);
}

TEST_P(BadInput, OneBadStartStartsNoneOfItsBatchAndIsNamed) {
  std::vector<NewRun> runs{new_run("a"), new_run("b"), new_run("")};
  expect_rejected("run 3 of 3", [&] { store().start_runs(runs); });
  EXPECT_TRUE(store().list_runs({}).empty());
}

TEST_P(BadInput, EveryFieldOfAMessageIsChecked) {
  const Uuid run_id = start();
  for (const auto& text : bad_texts_) {
    expect_rejected("signal", [&] { send(signal_to(run_id, text)); });
    NewMessage by_id = signal_to({});
    by_id.to.workflow_id = text;
    expect_rejected("workflow_id", [&] { send(by_id); });
    by_id.to.workflow_id = "order-1";
    by_id.to.namespace_ = text;
    expect_rejected("namespace", [&] { send(by_id); });
  }
  for (const auto& text : bad_json_) expect_rejected("payload", [&] { send(signal_to(run_id, "s", text)); });
  expect_rejected("signal", [&] { send(signal_to(run_id, std::string(256, 's'))); });
  NewMessage message = signal_to(run_id);
  message.message_id = {};
  expect_rejected("message_id", [&] { send(message); });
  message = signal_to(run_id);
  message.kind = MessageKind::activity_completed;
  expect_rejected("kind", [&] { send(message); });
  message.kind = MessageKind::cancel;
  message.name = "nul\0"s;
  expect_rejected("reason", [&] { send(message); });
  EXPECT_EQ(describe(run_id).unread_messages, 0);
}

TEST_P(BadInput, OneBadMessageSendsNoneOfItsBatch) {
  const Uuid run_id = start();
  const std::vector<NewMessage> messages{signal_to(run_id), signal_to(run_id, "")};
  expect_rejected("message 2 of 2", [&] { store().send_messages(messages); });
  EXPECT_EQ(describe(run_id).unread_messages, 0);
}

TEST_P(BadInput, KeysReasonsFiltersAndWorkersAreChecked) {
  const Uuid run_id = start();
  expect_rejected("workflow_id", [&] { store().describe_run({}); });
  for (const auto& text : bad_texts_)
    expect_rejected("workflow_id", [&] { store().describe_run({"default", text, {}}); });
  RunKey key;
  key.run_id = run_id;
  expect_rejected("reason", [&] { store().terminate_run(key, "\xFF", ""); });
  expect_rejected("identity", [&] { store().terminate_run(key, "", "a\0b"s); });
  expect_rejected("workflow_id", [&] { store().terminate_run({}, "", ""); });
  EXPECT_EQ(describe(run_id).summary.status, RunStatus::running);
  for (const int limit : {0, -1, 1001}) {
    ListFilter filter;
    filter.limit = limit;
    expect_rejected("limit", [&] { store().list_runs(filter); });
  }
  ListFilter filter;
  filter.workflow_id_prefix = "\xFF";
  expect_rejected("workflow_id prefix", [&] { store().list_runs(filter); });
  filter = {};
  filter.workflow_type = "";
  expect_rejected("workflow_type", [&] { store().list_runs(filter); });
  WorkerInfo info;
  info.task_queues = {"fine", ""};
  expect_rejected("task_queue", [&] { store().register_worker(info); });
  info.task_queues = {};
  info.identity = "a\0b"s;
  expect_rejected("identity", [&] { store().register_worker(info); });
  info.identity = "";
  info.lease = 0s;
  expect_rejected("lease", [&] { store().register_worker(info); });
}

}  // namespace
}  // namespace holdfast::test
