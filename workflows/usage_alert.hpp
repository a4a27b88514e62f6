#pragma once

#include <activities/usage_alerts.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

/// Tells an organization's owner that 80 or 100 % of the plan's minutes are used. Started by aggregate_usage, once per
/// period and percentage. Workflow id: usage-alert-{organization}-{period start}-{percent}.
inline const holdfast::WorkflowType<UsageAlert, UsageAlertSent> kUsageAlert{kUsageAlertType, kBillingQueue};

holdfast::Workflow<UsageAlertSent> usage_alert(holdfast::Context ctx, UsageAlert alert);

}  // namespace platform
