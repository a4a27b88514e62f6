#include <workflows/definitions.hpp>

#include <workflows/billing_cycle.hpp>
#include <workflows/billing_sweep.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/call_started.hpp>
#include <workflows/interaction_processing.hpp>
#include <workflows/meter_errors.hpp>
#include <workflows/onboarding.hpp>
#include <workflows/partition_upkeep.hpp>
#include <workflows/pattern_discovery.hpp>
#include <workflows/pattern_sweep.hpp>
#include <workflows/usage_aggregation.hpp>
#include <workflows/usage_alert.hpp>
#include <workflows/vapi_reconcile.hpp>
#include <workflows/webhook_delivery.hpp>
#include <workflows/webhook_redelivery.hpp>

namespace platform {

std::vector<holdfast::WorkflowDefinition> workflow_definitions() {
  return {
      holdfast::define(kCallStarted, call_started),
      holdfast::define(kCallProcessing, call_processing),
      holdfast::define(kWebhookDelivery, webhook_delivery),
      holdfast::define(kOnboarding, onboarding),
      holdfast::define(kPartitionUpkeep, partition_upkeep),
      holdfast::define(kVapiReconcile, vapi_reconcile),
      holdfast::define(kWebhookRedelivery, webhook_redelivery),
      holdfast::define(kUsageAggregation, usage_aggregation),
      holdfast::define(kUsageAlert, usage_alert),
      holdfast::define(kBillingSweep, billing_sweep),
      holdfast::define(kBillingCycle, billing_cycle),
      holdfast::define(kMeterErrors, meter_errors),
      holdfast::define(kInteractionProcessing, interaction_processing),
      holdfast::define(kPatternSweep, pattern_sweep),
      holdfast::define(kPatternDiscovery, pattern_discovery),
      holdfast::define(kPatternRollUp, pattern_roll_up),
  };
}

}  // namespace platform
