#include <activities/upkeep.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kMakePartitions{"platform_make_partitions", "SELECT platform.ensure_partitions($1::integer)"};

}  // namespace

PartitionsMade make_partitions(Services& services, const UpkeepRequest& in) {
  PartitionsMade made;
  services.database.query([&](pqxx::transaction_base& tx) {
    made.created = services.sql(tx, kMakePartitions, in.months_ahead)[0][0].as<std::int64_t>();
  });
  return made;
}

}  // namespace platform::bodies
