#include <workflows/partition_upkeep.hpp>

namespace platform {

using namespace holdfast;

Workflow<PartitionsMade> partition_upkeep(Context ctx, UpkeepRequest request) {
  const auto made = co_await ctx.run(make_partitions, request);
  if (made.created > 0) ctx.log("made " + std::to_string(made.created) + " partitions");
  co_return made;
}

}  // namespace platform
