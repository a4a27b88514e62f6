#pragma once

#include <cstdint>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

struct WebhooksStarted {
  std::int64_t deliveries = 0;
};
BOOST_DESCRIBE_STRUCT(WebhooksStarted, (), (deliveries))

/// Writes the `call.completed` message for every enabled integration that subscribed to it and starts one
/// WebhookDelivery run each (workflow id webhook-{integration}-{message id}), all in the commit of this step.
inline const holdfast::TransactionalActivity<CallKey, WebhooksStarted> start_call_webhooks{"start_call_webhooks",
                                                                                           step_options()};

}  // namespace platform
