#pragma once

#include <activities/upkeep.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

/// Makes next months' partitions, daily. There is no default partition, so a month without them would stop the calls:
/// a run that fails is to be looked at. Schedule: partition-upkeep.
inline const holdfast::WorkflowType<UpkeepRequest, PartitionsMade> kPartitionUpkeep{"PartitionUpkeep", "maintenance"};

holdfast::Workflow<PartitionsMade> partition_upkeep(holdfast::Context ctx, UpkeepRequest request);

}  // namespace platform
