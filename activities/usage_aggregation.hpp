#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// Active organizations by id: after `after` (nil: from the first), up to and with `upto` (nil: to the last).
struct OrganizationPage {
  holdfast::Uuid after;
  holdfast::Uuid upto;
};
BOOST_DESCRIBE_STRUCT(OrganizationPage, (), (after, upto))

struct OrganizationPages {
  std::vector<OrganizationPage> pages;  ///< at most kMostPages
  bool has_more = false;                ///< there are organizations after the last page
};
BOOST_DESCRIBE_STRUCT(OrganizationPages, (), (pages, has_more))

struct OrganizationsAfter {
  holdfast::Uuid after;  ///< nil: from the first
};
BOOST_DESCRIBE_STRUCT(OrganizationsAfter, (), (after))

struct UsageDay {
  std::string date;  ///< YYYY-MM-DD, a day in UTC
  OrganizationPage page;
};
BOOST_DESCRIBE_STRUCT(UsageDay, (), (date, page))

/// Totals of organizations whose day was aggregated.
struct UsageTotals {
  std::int64_t organizations = 0;
  std::int64_t calls = 0;
  std::int64_t minutes = 0;
  std::int64_t changed = 0;  ///< rows of daily_usage that were not right before
  std::int64_t alerts = 0;   ///< new ones: a UsageAlert run was started for each
};
BOOST_DESCRIBE_STRUCT(UsageTotals, (), (organizations, calls, minutes, changed, alerts))

inline constexpr std::int64_t kOrganizationsPerPage = 500;
inline constexpr std::int64_t kMostPages = 100;  ///< 50,000 organizations: a few hundred events of a history

/// Aggregating reads a page's calls of a day: seconds when tenants are large, hence its own limit.
inline holdfast::ActivityOptions aggregation_options() {
  auto options = step_options();
  options.start_to_close = std::chrono::minutes(5);
  options.retry.maximum_interval = std::chrono::minutes(5);
  options.retry.max_attempts = 20;
  return options;
}

/// The next pages of kOrganizationsPerPage active organizations.
inline const holdfast::Activity<OrganizationsAfter, OrganizationPages> divide_organizations{"divide_organizations",
                                                                                            aggregation_options()};

/// Brings daily_usage of one day and page up to date with the calls, and starts a UsageAlert run for every alert that
/// became due, in the same commit. Not transactional: repeating it changes nothing, and a lane should not wait for it.
inline const holdfast::Activity<UsageDay, UsageTotals> aggregate_usage{"aggregate_usage", aggregation_options()};

}  // namespace platform
