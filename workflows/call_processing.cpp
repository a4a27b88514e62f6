#include <workflows/call_processing.hpp>

#include <activities/action_items.hpp>
#include <activities/broadcasts.hpp>
#include <activities/call_notices.hpp>
#include <activities/call_record.hpp>
#include <activities/call_webhooks.hpp>
#include <activities/recording_copy.hpp>
#include <activities/usage.hpp>
#include <workflows/optional_step.hpp>

namespace platform {

using namespace holdfast;

namespace {

/// Step 4: what the language model finds is stored; without a model the call goes on.
Workflow<std::optional<std::int64_t>> extract_and_store_items(Context ctx, CallKey call) {
  const auto found = co_await optional_step(ctx, call, "action_items", ctx.run(extract_action_items, call));
  if (!found) co_return std::nullopt;
  if (!found->items.empty()) co_await ctx.run(store_action_items, {.call = call, .items = found->items});
  co_return static_cast<std::int64_t>(found->items.size());
}

/// Step 5: SMS and e-mail side by side, as the organization wants. Returns the channels that failed.
Workflow<std::vector<std::string>> notify(Context ctx, CallNotice notice, CallFacts facts) {
  std::vector<std::pair<std::string, Future<NoticeOutcome>>> asked;
  if (facts.notify_by_sms) asked.emplace_back("sms", ctx.run(send_call_sms, notice));
  if (facts.notify_by_email) asked.emplace_back("email", ctx.run(send_call_email, notice));

  std::vector<std::string> failed;
  SentNotices sent{.notice = notice, .sent = {}};
  for (auto& [channel, future] : asked) {
    const auto outcome = co_await optional_step(ctx, notice.call, channel, std::move(future));
    if (!outcome)
      failed.push_back(channel);
    else if (outcome->sent)
      sent.sent.push_back(*outcome);
  }
  if (!sent.sent.empty()) co_await ctx.run(record_call_notices, sent);
  co_return failed;
}

}  // namespace

Workflow<CallProcessed> call_processing(Context ctx, CallKey call) {
  CallProcessed done;

  // 1 to 3: what was reported about the call.
  const CallFacts facts = co_await ctx.run(update_call_record, call);
  if (facts.has_transcript) co_await ctx.run(store_transcript, call);
  if (facts.has_recording) co_await ctx.run(store_recording, call);
  // The vendor's link ends soon, so its copy is asked for now; nothing waits for it before the end.
  std::optional<Future<RecordingCopied>> copying;
  if (facts.copy_recording.value_or(false)) copying = ctx.run(copy_recording, call);

  // 4: action items.
  if (facts.has_transcript) {
    const auto items = co_await extract_and_store_items(ctx, call);
    done.action_items = items.value_or(0);
    if (!items) done.failed_steps.push_back("action_items");
  }

  // 5: tell people.
  const CallNotice notice{.call = call, .action_items = done.action_items};
  for (auto& channel : co_await notify(ctx, notice, facts)) done.failed_steps.push_back(std::move(channel));

  // 6: minutes, exactly once.
  done.minutes = (co_await ctx.run(add_usage, {.call = call, .duration_ms = facts.duration_ms})).minutes;

  // 7: one WebhookDelivery run per subscribed integration, started in this commit.
  done.webhooks = (co_await ctx.run(start_call_webhooks, call)).deliveries;

  // 8: tell dashboards.
  const auto sent = co_await optional_step(
      ctx, call, "broadcast",
      ctx.run(broadcast_call, {.call = call, .event = "call_completed", .duration_ms = facts.duration_ms}));
  if (!sent) done.failed_steps.push_back("broadcast");

  // The recording's copy, if there is to be one.
  if (copying) {
    if (co_await optional_step(ctx, call, "recording_copy", std::move(*copying)))
      co_await ctx.run(record_recording_copy, call);
    else
      done.failed_steps.push_back("recording_copy");
  }
  co_return done;
}

}  // namespace platform
