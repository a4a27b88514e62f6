#pragma once

#include <cstdint>

#include <boost/describe/class.hpp>

#include <activities/billing.hpp>

namespace platform {

struct BillingPage {
  holdfast::Uuid after;            ///< organizations by id after this one; nil: from the first
  std::int64_t grace_seconds = 0;  ///< how long after its end a period is left alone, for the last calls to come in
};
BOOST_DESCRIBE_STRUCT(BillingPage, (), (after, grace_seconds))

struct BillingStarted {
  std::int64_t organizations = 0;  ///< looked at
  std::int64_t due = 0;            ///< that have a run now: started, or still open from before
  holdfast::Uuid last;             ///< where the next page begins; nil: this was the last one
};
BOOST_DESCRIBE_STRUCT(BillingStarted, (), (organizations, due, last))

inline constexpr std::int64_t kBillingPageSize = 1000;

/// Starts a BillingCycle run (workflow id billing-{organization}) for each organization of the page that has something
/// to settle, in the commit of this step. An organization whose run is still open keeps that one.
inline const holdfast::TransactionalActivity<BillingPage, BillingStarted> start_due_billing{"start_due_billing",
                                                                                            step_options()};

}  // namespace platform
