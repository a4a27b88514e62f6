#pragma once

#include <cstdint>

#include <activities/webhook_posts.hpp>
#include <activities/webhook_redelivery.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct Redelivered {
  std::int64_t messages = 0;
};
BOOST_DESCRIBE_STRUCT(Redelivered, (), (messages))

/// Delivers an endpoint's messages of a time range again, a page of runs per commit. How fast they go out is up to the
/// endpoint's limits. Workflow id: redelivery-{integration}-{uuid}. Fails with type "WebhookDisabled" if the endpoint
/// is disabled meanwhile.
inline const holdfast::WorkflowType<RedeliveryRange, Redelivered> kWebhookRedelivery{kWebhookRedeliveryType,
                                                                                     kWebhookQueue};

holdfast::Workflow<Redelivered> webhook_redelivery(holdfast::Context ctx, RedeliveryRange range);

}  // namespace platform
