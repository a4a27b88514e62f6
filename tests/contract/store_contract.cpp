#include "store_contract.hpp"

#include <boost/json.hpp>

namespace holdfast::test {

using namespace store;

std::ostream& operator<<(std::ostream& out, const Backend& backend) { return out << backend.name; }

bool same_json(const std::string& a, const std::string& b) { return boost::json::parse(a) == boost::json::parse(b); }

Uuid StoreContract::new_id() {
  std::array<std::uint8_t, 10> random{};
  ++ids_;
  for (std::size_t i = 0; i < 8; ++i) random[9 - i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
  return make_uuid_v7(std::chrono::milliseconds(1'790'000'000'000 + static_cast<std::int64_t>(ids_)), random);
}

NewRun StoreContract::new_run(std::string workflow_id) {
  NewRun run;
  run.run_id = new_id();
  run.workflow_id = std::move(workflow_id);
  run.workflow_type = "Order";
  run.input = R"({"n":1})";
  return run;
}

Uuid StoreContract::start(const NewRun& run) {
  const StartResult result = start_one(run);
  EXPECT_EQ(result.status, StartStatus::started);
  EXPECT_EQ(result.run_id, run.run_id);
  return run.run_id;
}

NewMessage StoreContract::signal_to(const Uuid& run_id, std::string name, Payload payload) {
  NewMessage message;
  message.to.run_id = run_id;
  message.name = std::move(name);
  message.payload = std::move(payload);
  message.message_id = new_id();
  return message;
}

RunDescription StoreContract::describe(const Uuid& run_id) {
  RunKey key;
  key.run_id = run_id;
  return store().describe_run(key).value();
}

std::string StoreContract::whole_history(const Uuid& run_id) {
  std::string names;
  EventId next = 1;
  for (const auto& row : store().read_history(run_id, 1, 1000)) {
    EXPECT_EQ(row.first_event_id, next) << "a hole or a fork";
    for (const Event& event : decode_events(row.events)) {
      if (!names.empty()) names += ' ';
      names += event_name(event);
      ++next;
    }
  }
  return names;
}

StoreContract::Worker StoreContract::new_worker(std::vector<std::string> queues) {
  WorkerInfo info;
  info.identity = "test:1";
  info.version = "v1";
  info.task_queues = std::move(queues);
  info.lease = kLease;
  const WorkerId id = store().register_worker(info);
  return {id, store().open_lane(id)};
}

void StoreContract::kill(const Worker& worker, int quarantine_after) {
  advance(kLease + std::chrono::seconds(1));
  store().take_over_expired(quarantine_after);
  EXPECT_FALSE(renews(worker));
}

bool StoreContract::renews(const Worker& worker, Duration lease) {
  return store().renew_leases({&worker.id, 1}, lease).empty();
}

std::vector<ClaimedRun> StoreContract::claim(Worker& worker, int limit, std::vector<std::string> queues) {
  auto step = worker.lane->begin_step();
  auto claimed = step->claim_runs({.task_queues = queues, .limit = limit, .full_sweep = true});
  step->commit({});
  return claimed;
}

void StoreContract::commit(Worker& worker, std::vector<RunCommit> runs) {
  worker.lane->begin_step()->commit({std::move(runs)});
}

void StoreContract::commit(Worker& worker, RunCommit run) {
  std::vector<RunCommit> runs;
  runs.push_back(std::move(run));
  commit(worker, std::move(runs));
}

std::vector<RunMessages> StoreContract::collect(Worker& worker) {
  auto step = worker.lane->begin_step();
  auto messages = step->collect_messages();
  step->commit({});
  return messages;
}

std::vector<Message> StoreContract::messages_of(Worker& worker, const Uuid& run_id) {
  auto step = worker.lane->begin_step();
  auto states = step->load_runs({&run_id, 1});
  step->commit({});
  return states.empty() ? std::vector<Message>{} : states.at(0).messages;
}

Uuid StoreContract::start_owned(Worker& worker, std::string workflow_id) {
  const Uuid run_id = start(std::move(workflow_id));
  auto step_transaction = worker.lane->begin_step();
  const std::vector<std::string> queues{"default"};
  EXPECT_EQ(step_transaction->claim_runs({.task_queues = queues, .limit = 1, .full_sweep = true}).size(), 1u);
  std::vector<RunCommit> runs;
  runs.push_back(step(run_id, 1, {event::WorkflowStarted{}}));
  step_transaction->commit({std::move(runs)});
  return run_id;
}

RunCommit StoreContract::step(const Uuid& run_id, EventId first_event, std::vector<Event> events, NextState next) {
  RunCommit commit;
  commit.run_id = run_id;
  commit.first_event_id = first_event;
  commit.at = parse_rfc3339("2026-10-01T12:00:00.000001Z");
  commit.events = encode_events(events);
  commit.next = next;
  return commit;
}

RunCommit StoreContract::closing(const Uuid& run_id, EventId first_event, Payload result) {
  RunCommit commit = step(run_id, first_event, {event::WorkflowCompleted{result}}, NextState::closed);
  commit.status = RunStatus::completed;
  commit.result = std::move(result);
  return commit;
}

RunCommit StoreContract::parking(const Uuid& run_id, std::optional<Timestamp> ready_at) {
  RunCommit commit;
  commit.run_id = run_id;
  commit.next = NextState::parked;
  commit.ready_at = ready_at;
  return commit;
}

NewActivityTask StoreContract::new_task(CommandSeq seq, Timestamp scheduled_at) {
  NewActivityTask task;
  task.seq = seq;
  task.activity = "charge";
  task.task_queue = "payments";
  task.input = R"({"cents":"\u0000 5"})";
  task.options.start_to_close = std::chrono::seconds(30);
  task.options.retry.max_attempts = 7;
  task.scheduled_at = scheduled_at;
  return task;
}

Uuid StoreContract::start_with_task(Worker& worker, NewActivityTask task) {
  const Uuid run_id = start_owned(worker, "order-" + std::to_string(ids_));
  RunCommit commit_task =
      step(run_id, 2, {event::ActivityScheduled{task.seq, task.activity, task.input, task.task_queue}});
  commit_task.new_tasks.push_back(std::move(task));
  commit(worker, std::move(commit_task));
  return run_id;
}

ClaimedActivity StoreContract::claim_activity(const Worker& worker) {
  const std::vector<std::string> queues{"payments"};
  auto claimed = store().claim_activities(worker.id, queues, 10);
  EXPECT_EQ(claimed.size(), 1u);
  return claimed.empty() ? ClaimedActivity{} : claimed[0];
}

}  // namespace holdfast::test
