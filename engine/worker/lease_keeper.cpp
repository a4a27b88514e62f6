#include <holdfast/worker/lease_keeper.hpp>

#include <fmt/format.h>

namespace holdfast::worker {

LeaseKeeper::LeaseKeeper(store::Store& store, const WorkerOptions& options, std::vector<std::unique_ptr<Lane>>& lanes,
                         std::function<void(std::string_view, std::string_view)> log)
    : store_(store), options_(options), lanes_(lanes), log_(std::move(log)) {}

void LeaseKeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void LeaseKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LeaseKeeper::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, options_.lease / 3, [this] { return stopping_; })) return;
    }
    for (auto& lane : lanes_) {
      const auto id = lane->worker_id();
      if (id == 0) continue;
      try {
        if (!store_.renew_lease(id, options_.lease) && lane->worker_id() == id) lane->lease_lost();
      } catch (const store::Error& e) {
        log_("warn", fmt::format("lease of {} not renewed: {}", id, e.what()));
      }
    }
  }
}

}  // namespace holdfast::worker
