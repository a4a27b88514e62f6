#include <holdfast/client/result_waiter.hpp>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <holdfast/client/errors.hpp>
#include <holdfast/store/store.hpp>

namespace holdfast::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstInterval = 2ms;
constexpr auto kLongestInterval = 1s;
constexpr auto kListenRetry = 5s;
/// While nobody waits, the thread sleeps until it is woken.
constexpr auto kIdle = 1h;
constexpr std::size_t kIdsPerQuery = 1000;

}  // namespace

ResultWaiter::ResultWaiter(std::shared_ptr<store::Store> store, bool listen)
    : store_(std::move(store)), listen_(listen) {}

ResultWaiter::~ResultWaiter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    if (listener_) listener_->interrupt();
  }
  if (thread_.joinable()) thread_.join();
}

bool has_come_to(const store::UpdateState& update, bool ended) {
  using enum store::UpdateStage;
  return update.stage == completed || update.stage == rejected || (!ended && update.stage == accepted);
}

std::optional<store::ClosedRun> ResultWaiter::wait(const Uuid& run_id, Clock::time_point deadline) {
  Wait of_run;
  of_run.run_id = run_id;
  wait(of_run, deadline);
  return std::move(of_run.closed);
}

std::optional<store::UpdateState> ResultWaiter::wait(const store::UpdateState& update, bool ended,
                                                     Clock::time_point deadline) {
  Wait of_update;
  of_update.run_id = update.run_id;
  of_update.update = update.key;
  of_update.ended = ended;
  wait(of_update, deadline);
  return std::move(of_update.reached);
}

std::optional<store::QueryAnswer> ResultWaiter::wait_answer(const Uuid& query_id, Clock::time_point deadline) {
  Wait of_query;
  of_query.run_id = query_id;
  of_query.query = true;
  wait(of_query, deadline);
  return std::move(of_query.answer);
}

void ResultWaiter::wait(Wait& wait, Clock::time_point deadline) {
  wait.due = Clock::now();
  wait.interval = kFirstInterval;
  std::unique_lock lock(mutex_);
  const auto place = waits_.insert(waits_.end(), &wait);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
  if (listener_) listener_->interrupt();
  wait.done.wait_until(lock, deadline, [&] { return wait.over(); });
  waits_.erase(place);
  if (wait.error) std::rethrow_exception(wait.error);
}

void ResultWaiter::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    open_listener(lock);
    look_up(lock);
    auto next = Clock::now() + kIdle;
    for (const Wait* wait : waits_)
      if (!wait->over()) next = std::min(next, wait->due);
    if (!stopping_) sleep_until(lock, next);
  }
  fail_all(std::make_exception_ptr(Error("the client was closed while a result was waited for")));
}

void ResultWaiter::look_up(std::unique_lock<std::mutex>& lock) {
  const auto now = Clock::now();
  std::unordered_set<Uuid> due;
  std::set<store::UpdateKey> due_updates;
  std::vector<Uuid> due_queries;
  for (Wait* wait : waits_) {
    if (wait->over() || wait->due > now || due.size() + due_updates.size() + due_queries.size() >= kIdsPerQuery)
      continue;
    if (wait->update)
      due_updates.insert(*wait->update);
    else if (wait->query)
      due_queries.push_back(wait->run_id);
    else
      due.insert(wait->run_id);
    wait->due = now + wait->interval;
    wait->interval = std::min<Clock::duration>(wait->interval * 2, kLongestInterval);
  }
  if (due.empty() && due_updates.empty() && due_queries.empty()) return;
  const std::vector<Uuid> ids(due.begin(), due.end());
  const std::vector<store::UpdateKey> keys(due_updates.begin(), due_updates.end());
  lock.unlock();
  std::vector<store::ClosedRun> closed;
  std::vector<store::UpdateState> updates;
  std::vector<store::QueryAnswer> answers;
  std::exception_ptr error;
  try {
    if (!ids.empty()) closed = store_->closed_runs(ids);
    if (!due_queries.empty()) answers = store_->queries().read_answers(due_queries);
    if (!keys.empty()) updates = store_->updates().read_updates(keys);
  } catch (const store::Unavailable&) {
    // Waits go on: the next look-up comes by itself.
  } catch (const store::InDoubt&) {
    // A read cannot be in doubt; what can happen is that it has to be repeated.
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  if (error) fail_all(error);
  settle(closed);
  settle(updates);
  settle(answers);
}

void ResultWaiter::settle(const std::vector<store::QueryAnswer>& answers) {
  for (const auto& answer : answers) {
    for (Wait* wait : waits_) {
      if (!wait->query || wait->run_id != answer.query_id || wait->over()) continue;
      wait->answer = answer;
      wait->done.notify_one();
    }
  }
}

void ResultWaiter::settle(const std::vector<store::UpdateState>& updates) {
  for (const auto& update : updates) {
    for (Wait* wait : waits_) {
      if (!wait->update || *wait->update != update.key || wait->over()) continue;
      wait->run_id = update.run_id;  // it may have moved on, and so have its hints
      if (!has_come_to(update, wait->ended)) continue;
      wait->reached = update;
      wait->done.notify_one();
    }
  }
}

void ResultWaiter::settle(const std::vector<store::ClosedRun>& closed) {
  if (closed.empty()) return;
  std::unordered_map<Uuid, const store::ClosedRun*> by_id;
  for (const auto& run : closed) by_id.emplace(run.run_id, &run);
  for (Wait* wait : waits_) {
    const auto found = by_id.find(wait->run_id);
    if (found == by_id.end() || wait->update || wait->query || wait->over()) continue;
    wait->closed = *found->second;
    wait->done.notify_one();
  }
}

void ResultWaiter::fail_all(std::exception_ptr error) {
  for (Wait* wait : waits_) {
    if (wait->over()) continue;
    wait->error = error;
    wait->done.notify_one();
  }
}

void ResultWaiter::open_listener(std::unique_lock<std::mutex>& lock) {
  if (!listen_ || listener_ || Clock::now() < next_listen_) return;
  lock.unlock();
  std::unique_ptr<store::Listener> opened;
  try {
    opened = store_->listen();
  } catch (const std::exception&) {
    // Without hints (a pooler in transaction mode, a server that is down) polling finds every end.
  }
  lock.lock();
  next_listen_ = Clock::now() + kListenRetry;
  listener_ = std::move(opened);
}

void ResultWaiter::sleep_until(std::unique_lock<std::mutex>& lock, Clock::time_point until) {
  if (!listener_) {
    changed_.wait_until(lock, until);
    return;
  }
  const auto pause = std::chrono::ceil<Duration>(until - Clock::now());
  if (pause <= Duration::zero()) return;
  // interrupt() is remembered by the listener, so a wait that begins between unlock and here is not slept over.
  lock.unlock();
  std::vector<std::string> hints;
  bool broken = false;
  try {
    hints = listener_->wait(pause);
  } catch (const std::exception&) {
    broken = true;
  }
  lock.lock();
  if (broken) listener_.reset();
  hear(hints);
}

void ResultWaiter::hear(const std::vector<std::string>& hints) {
  const auto now = Clock::now();
  const bool all = std::ranges::find(hints, "c:*") != hints.end();
  const bool all_updates = std::ranges::find(hints, "u:*") != hints.end();
  std::unordered_set<std::string_view> named(hints.begin(), hints.end());
  for (Wait* wait : waits_) {
    const bool heard = wait->update ? all_updates : wait->query ? false : all;
    const std::string_view kind = wait->update ? "u:" : wait->query ? "a:" : "c:";
    if (heard || named.contains(std::string(kind) + wait->run_id.to_string())) wait->due = now;
  }
}

}  // namespace holdfast::client
