#include <holdfast/client/result_waiter.hpp>

#include <algorithm>
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

std::optional<store::ClosedRun> ResultWaiter::wait(const Uuid& run_id, Clock::time_point deadline) {
  Wait wait{.run_id = run_id, .due = Clock::now(), .interval = kFirstInterval, .closed = {}, .error = {}, .done = {}};
  std::unique_lock lock(mutex_);
  const auto place = waits_.insert(waits_.end(), &wait);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
  if (listener_) listener_->interrupt();
  wait.done.wait_until(lock, deadline, [&] { return wait.closed || wait.error; });
  waits_.erase(place);
  if (wait.error) std::rethrow_exception(wait.error);
  return std::move(wait.closed);
}

void ResultWaiter::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    open_listener(lock);
    look_up(lock);
    auto next = Clock::now() + kIdle;
    for (const Wait* wait : waits_)
      if (!wait->closed && !wait->error) next = std::min(next, wait->due);
    if (!stopping_) sleep_until(lock, next);
  }
  fail_all(std::make_exception_ptr(Error("the client was closed while a result was waited for")));
}

void ResultWaiter::look_up(std::unique_lock<std::mutex>& lock) {
  const auto now = Clock::now();
  std::unordered_set<Uuid> due;
  for (Wait* wait : waits_) {
    if (wait->closed || wait->error || wait->due > now || due.size() >= kIdsPerQuery) continue;
    due.insert(wait->run_id);
    wait->due = now + wait->interval;
    wait->interval = std::min<Clock::duration>(wait->interval * 2, kLongestInterval);
  }
  if (due.empty()) return;
  const std::vector<Uuid> ids(due.begin(), due.end());
  lock.unlock();
  std::vector<store::ClosedRun> closed;
  std::exception_ptr error;
  try {
    closed = store_->closed_runs(ids);
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
}

void ResultWaiter::settle(const std::vector<store::ClosedRun>& closed) {
  if (closed.empty()) return;
  std::unordered_map<Uuid, const store::ClosedRun*> by_id;
  for (const auto& run : closed) by_id.emplace(run.run_id, &run);
  for (Wait* wait : waits_) {
    const auto found = by_id.find(wait->run_id);
    if (found == by_id.end() || wait->closed || wait->error) continue;
    wait->closed = *found->second;
    wait->done.notify_one();
  }
}

void ResultWaiter::fail_all(std::exception_ptr error) {
  for (Wait* wait : waits_) {
    if (wait->closed || wait->error) continue;
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
  std::unordered_set<std::string_view> named(hints.begin(), hints.end());
  for (Wait* wait : waits_)
    if (all || named.contains("c:" + wait->run_id.to_string())) wait->due = now;
}

}  // namespace holdfast::client
