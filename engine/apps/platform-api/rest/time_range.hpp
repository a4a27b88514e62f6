#pragma once

#include <string>

#include <rest/query.hpp>

namespace platform::rest {

/// The parameters since and until of a list, as the database takes them. Lists of partitioned tables always have a
/// range, so that they read the partitions that it touches: the last 30 days unless the caller says otherwise.
struct TimeRange {
  std::string since, until;  ///< RFC 3339, or '' for the default
};

inline TimeRange time_range(Query& query) {
  const auto since = query.time("since"), until = query.time("until");
  return {since ? holdfast::to_rfc3339(*since) : "", until ? holdfast::to_rfc3339(*until) : ""};
}

}  // namespace platform::rest
