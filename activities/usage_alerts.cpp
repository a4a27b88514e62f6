#include <activities/usage_alerts.hpp>

#include <activities/bodies.hpp>
#include <activities/owner_notices.hpp>
#include <holdfast/core/time.hpp>

namespace platform::bodies {

UsageAlertSent email_usage_alert(Services& services, const UsageAlert& in) {
  const auto percent = std::to_string(in.percent);
  OwnerNotice notice;
  notice.organization_id = in.organization_id;
  notice.idempotency_key = "usage.alert/" + holdfast::to_rfc3339(in.period_start) + "/" + percent;
  notice.subject = percent + " % of your plan's minutes are used";
  notice.text = std::to_string(in.minutes_used) + " minutes were used since " +
                holdfast::to_rfc3339(in.period_start).substr(0, 10) +
                (in.percent >= 100 ? ". Further minutes of this period are charged as overage.\n"
                                   : ". Minutes beyond the plan's are charged as overage.\n");
  return {.sent = email_owner(services, notice)};
}

}  // namespace platform::bodies
