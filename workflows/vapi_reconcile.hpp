#pragma once

#include <cstdint>
#include <optional>

#include <activities/vapi_reconcile.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

/// How far back to look, in seconds. A day and an hour: a daily gap in the schedule loses nothing.
struct ReconcileRequest {
  std::int64_t look_back_s = 25 * 3600;
};
BOOST_DESCRIBE_STRUCT(ReconcileRequest, (), (look_back_s))

struct Reconciled {
  std::int64_t seen = 0, filed = 0, ownerless = 0;  ///< sums of ReconciledPage
};
BOOST_DESCRIBE_STRUCT(Reconciled, (), (seen, filed, ownerless))

/// Finds calls that ended without a report, because the vendor does not repeat webhooks, and has them processed. The
/// last ten minutes are left to the reports themselves. Schedule: vapi-reconcile.
inline const holdfast::WorkflowType<ReconcileRequest, Reconciled> kVapiReconcile{"VapiReconcile", "maintenance"};

holdfast::Workflow<Reconciled> vapi_reconcile(holdfast::Context ctx, ReconcileRequest request);

}  // namespace platform
