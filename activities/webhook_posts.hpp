#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// Names one message to one endpoint.
struct DeliveryKey {
  holdfast::Uuid organization_id;
  holdfast::Uuid integration_id;
  std::string message_id;          ///< sent as webhook-id, the same in every attempt
  holdfast::Timestamp created_at;  ///< the partition key
  /// Of a redelivery: attempts that the log holds already. Numbers go on from there.
  std::optional<std::int64_t> attempts_before{};
};
BOOST_DESCRIBE_STRUCT(DeliveryKey, (), (organization_id, integration_id, message_id, created_at, attempts_before))

/// webhook-{integration}-{message id}: one run at a time delivers a message to an endpoint.
inline std::string webhook_workflow_id(const DeliveryKey& key) {
  return "webhook-" + key.integration_id.to_string() + "-" + key.message_id;
}

/// What one attempt got. An endpoint that cannot be reached is an answer too: status 0 and an error.
struct WebhookAnswer {
  std::int64_t status = 0;  ///< HTTP status; 0: no answer
  std::int64_t latency_ms = 0;
  std::string response{};           ///< the start of the body, at most kResponseStart bytes
  std::string error{};              ///< why there was no answer
  std::int64_t retry_after_s = -1;  ///< the endpoint's Retry-After; -1: none
};
BOOST_DESCRIBE_STRUCT(WebhookAnswer, (), (status, latency_ms, response, error, retry_after_s))

inline constexpr std::size_t kResponseStart = 500;

/// One attempt, for the log.
struct WebhookAttempt {
  DeliveryKey delivery;
  std::int64_t attempt = 1;
  WebhookAnswer answer;
  bool delivered = false;
};
BOOST_DESCRIBE_STRUCT(WebhookAttempt, (), (delivery, attempt, answer, delivered))

/// The end of a delivery that did not succeed.
struct WebhookGivenUp {
  DeliveryKey delivery;
  std::string status;  ///< "failed" or "cancelled" (the endpoint is disabled or gone)
  std::string reason;
  bool disable_endpoint = false;  ///< at once; otherwise only if it has been failing for days
};
BOOST_DESCRIBE_STRUCT(WebhookGivenUp, (), (delivery, status, reason, disable_endpoint))

struct EndpointState {
  bool newly_disabled = false;  ///< this call disabled it: somebody has to be told, once
};
BOOST_DESCRIBE_STRUCT(EndpointState, (), (newly_disabled))

struct EndpointNotice {
  DeliveryKey delivery;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(EndpointNotice, (), (delivery, reason))

inline constexpr const char* kWebhookDeliveryType = "WebhookDelivery";  ///< the workflow that delivers one message
inline constexpr const char* kWebhookQueue = "webhooks";

/// The failure type of a delivery to an endpoint that is disabled, was deleted, or answered 410 Gone.
inline constexpr const char* kWebhookDisabled = "WebhookDisabled";

/// The failure type of an attempt that the endpoint's limits do not allow now. It is tried again later.
inline constexpr const char* kEndpointBusy = "EndpointBusy";

/// Waiting for a place at an endpoint is not a failure, so there is no last attempt.
inline holdfast::ActivityOptions post_options() {
  auto options = step_options();
  options.retry.max_attempts = 0;
  options.retry.maximum_interval = std::chrono::minutes(1);
  return options;
}

/// Signs and posts the message: 10 s, no redirects, within the endpoint's limits (integrations.max_concurrent and
/// max_per_second), for whose sake it waits without holding a thread. Returns whatever the endpoint answered; fails for
/// good with type kWebhookDisabled if the endpoint may not be called any more.
inline const holdfast::Activity<DeliveryKey, WebhookAnswer> post_webhook{"post_webhook", post_options()};

/// Logs one attempt and keeps the endpoint's failing_since.
inline const holdfast::TransactionalActivity<WebhookAttempt> log_webhook_attempt{"log_webhook_attempt", step_options()};

/// Ends a delivery without success, and disables the endpoint if asked to or if it has failed for three days.
inline const holdfast::TransactionalActivity<WebhookGivenUp, EndpointState> give_up_webhook{"give_up_webhook",
                                                                                            step_options()};

/// Tells the organization's owner by e-mail that an endpoint was disabled.
inline const holdfast::Activity<EndpointNotice> email_endpoint_disabled{"email_endpoint_disabled", step_options()};

}  // namespace platform
