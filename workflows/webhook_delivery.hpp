#pragma once

#include <cstdint>

#include <activities/webhook_posts.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct WebhookDelivered {
  std::int64_t attempts = 0;
  std::int64_t status = 0;  ///< the endpoint's last HTTP status
};
BOOST_DESCRIBE_STRUCT(WebhookDelivered, (), (attempts, status))

/// One message to one endpoint, until it is accepted or given up. Workflow id: webhook_workflow_id().
/// Fails with type "WebhookDisabled" (410 Gone, or the endpoint is disabled) or "WebhookFailed" (the schedule ended).
inline const holdfast::WorkflowType<DeliveryKey, WebhookDelivered> kWebhookDelivery{kWebhookDeliveryType,
                                                                                    kWebhookQueue};

holdfast::Workflow<WebhookDelivered> webhook_delivery(holdfast::Context ctx, DeliveryKey delivery);

/// How long to wait before attempt `attempt` (from 2), without jitter: the schedule of the Standard Webhooks
/// specification, ten attempts over 75 h 35 min 5 s.
holdfast::Duration webhook_wait(std::int64_t attempt);

inline constexpr std::int64_t kWebhookAttempts = 10;

}  // namespace platform
