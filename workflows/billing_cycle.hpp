#pragma once

#include <cstdint>

#include <activities/billing.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct BillingDone {
  std::int64_t periods = 0;          ///< settled: ended ones, and earlier ones that late calls were added to
  std::int64_t reports = 0;          ///< quantities that the vendor has now
  std::int64_t overage_minutes = 0;  ///< of the periods that ended
};
BOOST_DESCRIBE_STRUCT(BillingDone, (), (periods, reports, overage_minutes))

/// Settles every period of an organization that ended, oldest first: overage from the ledger, then reports to the
/// payment vendor one at a time, then the next period. Also reports what became due in earlier periods. Workflow id:
/// billing-{organization}, so there is one run, and one request, per customer at a time. Fails with type
/// "BillingRefused" if the vendor refuses a report for good; the period stays then, and the sweep tries again later.
inline const holdfast::WorkflowType<BillingKey, BillingDone> kBillingCycle{kBillingCycleType, kBillingQueue};

holdfast::Workflow<BillingDone> billing_cycle(holdfast::Context ctx, BillingKey organization);

}  // namespace platform
