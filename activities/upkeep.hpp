#pragma once

#include <cstdint>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/nothing.hpp>

namespace platform {

/// How far ahead partitions are made.
struct UpkeepRequest {
  std::int64_t months_ahead = 3;
};
BOOST_DESCRIBE_STRUCT(UpkeepRequest, (), (months_ahead))

struct PartitionsMade {
  std::int64_t created = 0;
};
BOOST_DESCRIBE_STRUCT(PartitionsMade, (), (created))

/// For a day: a table that is locked for long, or a database that is away, must not leave a month without partitions.
inline holdfast::ActivityOptions upkeep_options() {
  auto options = step_options();
  options.retry.max_attempts = 0;
  options.retry.maximum_interval = std::chrono::minutes(30);
  options.schedule_to_close = std::chrono::hours(23);
  return options;
}

/// Makes the partitions that are missing. Not on a lane: it waits for locks.
inline const holdfast::Activity<UpkeepRequest, PartitionsMade> make_partitions{"make_partitions", upkeep_options()};

}  // namespace platform
