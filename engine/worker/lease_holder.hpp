#pragma once

#include <holdfast/store/types.hpp>

namespace holdfast::worker {

/// Whoever works under a lease of its own. All members are thread-safe.
class LeaseHolder {
 public:
  virtual ~LeaseHolder() = default;
  /// 0: not registered at this moment.
  virtual store::WorkerId worker_id() const = 0;
  /// Somebody took over: what it holds is void.
  virtual void lease_lost() = 0;
  /// How long it has been doing the same thing without coming back for more; zero while it waits for work.
  virtual Duration stuck_for() const { return Duration::zero(); }
};

}  // namespace holdfast::worker
