#include <workflows/definitions.hpp>

#include <workflows/call_processing.hpp>
#include <workflows/call_started.hpp>
#include <workflows/webhook_delivery.hpp>
#include <workflows/webhook_redelivery.hpp>

namespace platform {

std::vector<holdfast::WorkflowDefinition> workflow_definitions() {
  return {
      holdfast::define(kCallStarted, call_started),
      holdfast::define(kCallProcessing, call_processing),
      holdfast::define(kWebhookDelivery, webhook_delivery),
      holdfast::define(kWebhookRedelivery, webhook_redelivery),
  };
}

}  // namespace platform
