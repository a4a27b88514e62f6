#include <workflows/webhook_delivery.hpp>

#include <algorithm>
#include <array>

namespace platform {

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr std::array<Duration, kWebhookAttempts> kSchedule{0s, 5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr Duration kLongestRetryAfter = 24h;  // an endpoint may slow us down, not stop us for ever

bool accepted(const WebhookAnswer& answer) { return answer.status >= 200 && answer.status < 300; }

/// The schedule's wait within 10 % either way, so that messages to an endpoint that went down do not come back
/// together; later if the endpoint asked for that.
Duration wait_before(Context ctx, std::int64_t attempt, const WebhookAnswer& last) {
  const auto jittered = std::chrono::duration_cast<Duration>(webhook_wait(attempt) * (0.9 + 0.2 * ctx.random_unit()));
  if (last.retry_after_s < 0) return jittered;
  return std::clamp<Duration>(std::chrono::seconds(last.retry_after_s), jittered, kLongestRetryAfter + jittered);
}

struct Posted {
  WebhookAnswer answer;
  std::string disabled;  ///< why the endpoint may not be called; empty: it was called
};

Workflow<Posted> post(Context ctx, DeliveryKey delivery) {
  Posted posted;
  try {
    posted.answer = co_await ctx.run(post_webhook, delivery);
  } catch (const ActivityError& e) {
    // Anything but a disabled endpoint is an attempt that failed on our side: the schedule goes on.
    (e.cause_type() == kWebhookDisabled ? posted.disabled : posted.answer.error) = e.what();
  }
  if (posted.answer.status == 410) posted.disabled = "the endpoint answered 410 Gone";
  co_return posted;
}

/// Ends the delivery; tells the owner, once, if that disabled the endpoint.
Workflow<Nothing> give_up(Context ctx, WebhookGivenUp end) {
  const auto state = co_await ctx.run(give_up_webhook, end);
  if (!state.newly_disabled) co_return Nothing{};
  try {
    co_await ctx.run(email_endpoint_disabled, {.delivery = end.delivery, .reason = end.reason});
  } catch (const ActivityError& e) {
    ctx.log(std::string("the owner was not told: ") + e.what(), "warning");
  }
  co_return Nothing{};
}

}  // namespace

Duration webhook_wait(std::int64_t attempt) { return kSchedule.at(static_cast<std::size_t>(attempt - 1)); }

Workflow<WebhookDelivered> webhook_delivery(Context ctx, DeliveryKey delivery) {
  WebhookAnswer last;
  for (std::int64_t attempt = 1; attempt <= kWebhookAttempts; ++attempt) {
    if (attempt > 1) co_await ctx.sleep(wait_before(ctx, attempt, last));
    const auto posted = co_await post(ctx, delivery);
    last = posted.answer;

    const bool was_called = posted.disabled.empty() || last.status != 0;
    if (was_called)
      co_await ctx.run(log_webhook_attempt, {.delivery = delivery,
                                             .attempt = delivery.attempts_before.value_or(0) + attempt,
                                             .answer = last,
                                             .delivered = accepted(last)});
    if (accepted(last)) co_return WebhookDelivered{.attempts = attempt, .status = last.status};
    if (!posted.disabled.empty()) {
      co_await give_up(
          ctx,
          {.delivery = delivery, .status = "cancelled", .reason = posted.disabled, .disable_endpoint = was_called});
      throw ApplicationError(kWebhookDisabled, posted.disabled, true);
    }
  }
  const std::string reason =
      "no attempt was accepted; the last one: " + (last.status ? "HTTP " + std::to_string(last.status) : last.error);
  co_await give_up(ctx, {.delivery = delivery, .status = "failed", .reason = reason, .disable_endpoint = false});
  throw ApplicationError("WebhookFailed", reason, true);
}

}  // namespace platform
