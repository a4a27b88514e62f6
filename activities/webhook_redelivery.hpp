#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// A message in an endpoint's log, to go on behind it.
struct DeliveryPosition {
  holdfast::Timestamp created_at;
  std::string message_id;
};
BOOST_DESCRIBE_STRUCT(DeliveryPosition, (), (created_at, message_id))

/// Which of an endpoint's messages are to be delivered again: those of events from `from` until before `until`.
struct RedeliveryRange {
  holdfast::Uuid organization_id;
  holdfast::Uuid integration_id;
  holdfast::Timestamp from, until;
  std::vector<std::string> statuses;  ///< of "failed", "cancelled", "delivered"
  std::optional<DeliveryPosition> after{};
};
BOOST_DESCRIBE_STRUCT(RedeliveryRange, (), (organization_id, integration_id, from, until, statuses, after))

struct RedeliveredPage {
  std::int64_t started = 0;
  std::optional<DeliveryPosition> last{};  ///< nothing: the range is done
};
BOOST_DESCRIBE_STRUCT(RedeliveredPage, (), (started, last))

inline constexpr const char* kWebhookRedeliveryType = "WebhookRedelivery";

/// At most this many runs start in one commit.
inline constexpr int kRedeliveryPage = 100;

/// Starts a WebhookDelivery run for each of the next messages of the range, in the commit of this step. A message whose
/// delivery is under way is left alone. Fails for good with type kWebhookDisabled if the endpoint is disabled or gone.
inline const holdfast::TransactionalActivity<RedeliveryRange, RedeliveredPage> redeliver_page{"redeliver_page",
                                                                                              step_options()};

}  // namespace platform
