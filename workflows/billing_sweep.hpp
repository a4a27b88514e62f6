#pragma once

#include <cstdint>

#include <activities/billing_sweep.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct SweepBilling {
  std::int64_t grace_seconds = 300;  ///< how long after its end a period is left alone, for the last calls to come in
};
BOOST_DESCRIBE_STRUCT(SweepBilling, (), (grace_seconds))

struct BillingSwept {
  std::int64_t organizations = 0;  ///< looked at
  std::int64_t due = 0;            ///< that have a BillingCycle run now
};
BOOST_DESCRIBE_STRUCT(BillingSwept, (), (organizations, due))

/// Gives every organization whose period ended, or that has something left to report, a BillingCycle run. Run it every
/// 15 minutes: Stripe finalizes a metered invoice an hour after the period's end. Fails with type "InvalidInput".
inline const holdfast::WorkflowType<SweepBilling, BillingSwept> kBillingSweep{"BillingSweep", kBillingQueue};

holdfast::Workflow<BillingSwept> billing_sweep(holdfast::Context ctx, SweepBilling in);

}  // namespace platform
