#include <workflows/usage_alert.hpp>

namespace platform {

using namespace holdfast;

Workflow<UsageAlertSent> usage_alert(Context ctx, UsageAlert alert) {
  co_return co_await ctx.run(email_usage_alert, alert);
}

}  // namespace platform
