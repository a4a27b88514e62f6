#include <holdfast/worker/query_answerer.hpp>

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <holdfast/core/run.hpp>

namespace holdfast::worker {
namespace {

constexpr int kBatch = 16, kPage = 1000;
constexpr auto kFirstPause = std::chrono::milliseconds(10), kLongestPause = std::chrono::milliseconds(500);

Failure query_failure(std::string type, std::string message) {
  Failure failure;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.non_retryable = true;
  return failure;
}

}  // namespace

QueryAnswerer::QueryAnswerer(store::Store& store, const Registry& registry, const WorkerOptions& options, Log log)
    : store_(store), registry_(registry), options_(options), types_(registry.workflow_names()), log_(std::move(log)) {}

void QueryAnswerer::start() {
  if (!types_.empty()) thread_ = std::thread([this] { run(); });
}

void QueryAnswerer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void QueryAnswerer::look_now() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  changed_.notify_one();
}

void QueryAnswerer::run() {
  const auto called = [this] { return wanted_ || stopping_; };
  bool waiting = false;
  Duration pause = kFirstPause;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    // A question that has to wait for its run is looked at ever less often; a new one starts that again.
    if (waiting)
      pause =
          changed_.wait_for(lock, pause, called) ? Duration(kFirstPause) : std::min<Duration>(pause * 2, kLongestPause);
    else
      changed_.wait(lock, called), pause = kFirstPause;
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    try {
      while (answer(waiting)) {}
    } catch (const store::Error& e) {
      log_("warn", fmt::format("queries: {}", e.what()));
      waiting = true;
    }
    lock.lock();
  }
}

bool QueryAnswerer::answer(bool& waiting) {
  const auto claim = store_.queries().claim_queries(options_.task_queues, types_, kBatch);
  waiting = claim.waiting;
  std::vector<store::QueryAnswer> answers;
  for (const auto& query : claim.ready) answers.push_back(answer(query));
  if (answers.empty()) return false;
  try {
    store_.queries().answer_queries(answers);
  } catch (const store::StatementFailed& e) {
    for (auto& answer : answers) {
      answer.failure = query_failure("AnswerRefused", std::string("the database refuses the answer: ") + e.what());
      answer.result.clear();
    }
    store_.queries().answer_queries(answers);
  }
  if (options_.notify) {
    std::vector<std::string> hints;
    for (const auto& answer : answers) hints.push_back("a:" + answer.query_id.to_string());
    store_.notify(hints);
  }
  return static_cast<int>(claim.ready.size()) == kBatch;
}

store::QueryAnswer QueryAnswerer::answer(const store::ClaimedQuery& query) {
  const auto fail = [&](std::string type, std::string message) {
    return store::QueryAnswer{query.query_id, {}, query_failure(std::move(type), std::move(message))};
  };
  const auto found = store_.describe_run({.run_id = query.run_id});
  const auto* definition = found ? registry_.workflow(found->summary.workflow_type) : nullptr;
  if (!definition) return fail("RunUnknown", "the run is gone");
  const RunInfo info{.run_id = query.run_id,
                     .workflow_id = found->summary.workflow_id,
                     .workflow_type = found->summary.workflow_type,
                     .task_queue = found->summary.task_queue,
                     .input = found->input,
                     .started_at = found->summary.started_at,
                     .scheduled = found->scheduled};
  std::vector<HistoryRow> history;
  for (EventId next = 1;;) {
    auto rows = store_.read_history(query.run_id, next, kPage);
    const bool more = static_cast<int>(rows.size()) == kPage;
    std::ranges::move(rows, std::back_inserter(history));
    if (!more) break;
    next = history.back().first_event_id + 1;
  }
  auto answer = query_history(*definition, info, history, query.name, query.input);
  if (!answer.failure && answer.result.size() > options_.max_payload_bytes)
    return fail("PayloadTooLarge", fmt::format("the answer is {} bytes; allowed: at most {}", answer.result.size(),
                                               options_.max_payload_bytes));
  return {query.query_id, std::move(answer.result), std::move(answer.failure)};
}

}  // namespace holdfast::worker
