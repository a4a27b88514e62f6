#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/core/uuid.hpp>
#include <holdfast/store/query_store.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

namespace holdfast::store {
class Store;
class Listener;
}  // namespace holdfast::store

namespace holdfast::client {

/// True once the update is accepted (with `ended`: completed), or has ended otherwise.
bool has_come_to(const store::UpdateState& update, bool ended);

/// Lets any number of threads wait for the ends of runs, for updates and for answers, with one thread and one query
/// each for all of them. Hints ("c:<run id>" and "c:*" for ends, "u:<run id>" and "u:*" for updates, "a:<query id>" for
/// answers) make it look at once; because hints get lost, each is also looked up 2 ms after the wait began, then ever
/// less often, at last once a second. Thread-safe.
class ResultWaiter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `listen` false: polls only (the zero-NOTIFY mode).
  ResultWaiter(std::shared_ptr<store::Store> store, bool listen);
  /// Waits that are still going on end with an Error.
  ~ResultWaiter();
  ResultWaiter(const ResultWaiter&) = delete;
  ResultWaiter& operator=(const ResultWaiter&) = delete;

  /// The closed run, or nullopt at the deadline. While the database is away it goes on waiting; any other error of
  /// the store is thrown.
  std::optional<store::ClosedRun> wait(const Uuid& run_id, Clock::time_point deadline);
  /// The same for has_come_to(). Also waits for an update that is not committed yet.
  std::optional<store::UpdateState> wait(const store::UpdateState& update, bool ended, Clock::time_point deadline);
  /// The same for the answer to a query.
  std::optional<store::QueryAnswer> wait_answer(const Uuid& query_id, Clock::time_point deadline);

 private:
  struct Wait {
    Uuid run_id;  ///< of a query: its id
    bool query = false;
    std::optional<store::UpdateKey> update;  ///< unset: the end of the run is waited for
    bool ended = false;                      ///< of an update: its end is waited for
    Clock::time_point due;                   ///< next look-up
    Clock::duration interval{};              ///< between this look-up and the next
    std::optional<store::ClosedRun> closed;
    std::optional<store::UpdateState> reached;
    std::optional<store::QueryAnswer> answer;
    std::exception_ptr error;
    std::condition_variable done;  ///< a thread of its own is woken, not all of them

    bool over() const { return closed || reached || answer || error; }
  };
  using Waits = std::list<Wait*>;

  void wait(Wait& wait, Clock::time_point deadline);
  void run();
  void look_up(std::unique_lock<std::mutex>& lock);
  void settle(const std::vector<store::ClosedRun>& closed);
  void settle(const std::vector<store::UpdateState>& updates);
  void settle(const std::vector<store::QueryAnswer>& answers);
  void fail_all(std::exception_ptr error);
  void sleep_until(std::unique_lock<std::mutex>& lock, Clock::time_point until);
  void hear(const std::vector<std::string>& hints);
  void open_listener(std::unique_lock<std::mutex>& lock);

  const std::shared_ptr<store::Store> store_;
  const bool listen_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Waits waits_;
  bool stopping_ = false;
  std::unique_ptr<store::Listener> listener_;  ///< made by the thread, interrupted by others under the mutex
  Clock::time_point next_listen_;              ///< when to try for a listener again
  std::thread thread_;                         ///< started by the first wait
};

}  // namespace holdfast::client
