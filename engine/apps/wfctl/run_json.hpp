#pragma once

#include <string>
#include <vector>

#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

#include "json_object.hpp"
#include "output.hpp"

namespace wfctl {

// The JSON shapes of docs/wfctl.md: members are never renamed or removed, only added.

/// The members that lists and descriptions share.
JsonObject run_members(const holdfast::store::RunSummary& run);
std::string closed_run_json(const holdfast::store::RunKey& run, const holdfast::store::ClosedRun& closed);
std::string update_json(const holdfast::store::UpdateState& update);
std::string pending_activity_json(const holdfast::store::PendingActivity& task);

Cell status_cell(holdfast::store::RunStatus status);

}  // namespace wfctl
