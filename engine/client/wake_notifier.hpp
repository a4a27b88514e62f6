#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include <holdfast/core/time.hpp>

namespace holdfast::store {
class Store;
}

namespace holdfast::client {

/// Sends wake-up hints outside the transactions that they are about, in the background: the first one at once, then
/// what gathered meanwhile at most once per interval. NOTIFY takes an instance-wide lock at commit, so under load a
/// few of them have to do. Lossy by contract: when the database is away, hints are dropped and polling finds the work.
/// Thread-safe.
class WakeNotifier {
 public:
  explicit WakeNotifier(std::shared_ptr<store::Store> store, Duration interval = std::chrono::milliseconds(5));
  /// Sends what waits, unless the database is away, and ends the thread.
  ~WakeNotifier();
  WakeNotifier(const WakeNotifier&) = delete;
  WakeNotifier& operator=(const WakeNotifier&) = delete;

  /// Never blocks on the database. `hint` such as "q:default" (docs/client.md).
  void wake(std::string_view hint);

 private:
  void run();

  const std::shared_ptr<store::Store> store_;
  const Duration interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string, std::less<>> waiting_;  ///< a set: one hint per queue, however many starts
  bool stopping_ = false;
  std::thread thread_;  ///< started by the first hint
};

}  // namespace holdfast::client
