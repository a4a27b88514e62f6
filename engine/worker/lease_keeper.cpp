#include <holdfast/worker/lease_keeper.hpp>

#include <fmt/format.h>

namespace holdfast::worker {

LeaseKeeper::LeaseKeeper(store::Store& store, const WorkerOptions& options,
                         std::function<void(std::string_view, std::string_view)> log)
    : store_(store), options_(options), log_(std::move(log)) {}

void LeaseKeeper::start(std::vector<LeaseHolder*> holders) {
  holders_ = std::move(holders);
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

/// A lane that hangs in a workflow's code would keep its runs for ever: better that its lease ends, as if it had died.
bool LeaseKeeper::is_stuck(const LeaseHolder& holder, store::WorkerId id) {
  const auto stuck = holder.stuck_for();
  if (stuck < options_.stuck_after) {
    reported_.erase(id);
    return false;
  }
  if (reported_.insert(id).second)
    log_("error", fmt::format("lane {} has not moved for {} s: its lease is not renewed any more, and its runs go on "
                              "elsewhere. A workflow or a transactional activity in it loops or blocks",
                              id, std::chrono::duration_cast<std::chrono::seconds>(stuck).count()));
  return true;
}

void LeaseKeeper::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, options_.lease / 3, [this] { return stopping_; })) return;
    }
    renew();
  }
}

void LeaseKeeper::renew() {
  std::vector<store::WorkerId> ids;
  for (const auto* holder : holders_)
    if (const auto id = holder->worker_id(); id != 0 && !is_stuck(*holder, id)) ids.push_back(id);
  if (ids.empty()) return;
  try {
    for (const auto lost : store_.renew_leases(ids, options_.lease))
      for (auto* holder : holders_)
        if (holder->worker_id() == lost) holder->lease_lost();
  } catch (const store::Error& e) {
    log_("warn", fmt::format("leases of {} not renewed: {}", fmt::join(ids, ", "), e.what()));
  }
}

}  // namespace holdfast::worker
