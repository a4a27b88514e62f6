#pragma once

#include <optional>
#include <string>
#include <vector>

#include <holdfast/core/time.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

namespace wfctl {

/// What is known about an open run and its surroundings.
struct OpenRun {
  holdfast::store::RunDescription run;
  std::vector<holdfast::store::PendingActivity> activities;
  std::vector<holdfast::store::RunSummary> children;  ///< the newest ones
  std::vector<holdfast::store::WorkerDescription> workers;
  std::vector<holdfast::store::UpdateState> updates;  ///< those that are not completed
  holdfast::Timestamp now;
};

/// Why an open run does not go on at this moment, in sentences for an operator, the most important first; empty for a
/// closed run. Pure.
std::vector<std::string> why_it_waits(const OpenRun& open);

/// True when a live worker serves the queue.
bool is_served(const std::vector<holdfast::store::WorkerDescription>& workers, std::string_view task_queue);

}  // namespace wfctl
