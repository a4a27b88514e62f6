#include <activities/call_notices.hpp>

#include <chrono>

#include <fmt/format.h>

#include <activities/bodies.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/text.hpp>

namespace platform::bodies {
namespace {

constexpr std::size_t kLongestSms = 480;       // a vendor takes 1,600 characters; people read short ones
constexpr std::size_t kLongestSummary = 2000;
constexpr std::size_t kLongestItem = 300;

std::string subject_of(const CallReport& report) {
  return "Call from " + (report.from_number.empty() ? "an unknown number" : report.from_number);
}

std::string text_of(Services& services, const CallNotice& in, const CallReport& report) {
  const auto seconds = report.duration_ms / 1000;
  auto text = fmt::format("{} ({} min {} s)", subject_of(report), seconds / 60, seconds % 60);
  if (!report.summary.empty()) text += "\n" + vendors::text_prefix(report.summary, kLongestSummary);
  if (in.action_items == 0) return text;
  text += "\nTo do:";
  for (const auto& item : *action_items_of(services, in.call))
    text += "\n- " + vendors::text_prefix(item.text, kLongestItem);
  return text;
}

}  // namespace

NoticeOutcome send_call_sms(Services& services, const CallNotice& in, int attempt) {
  const auto contact = contact_of(services, in.call.organization_id);
  if (contact->sms_to.empty()) return {};
  const auto report = report_of(services, in.call);
  vendors::SmsMessage message;
  message.organization_id = in.call.organization_id.to_string();
  message.idempotency_key = "call.completed/" + in.call.call_id;
  message.to = contact->sms_to;
  message.body = vendors::text_prefix(text_of(services, in, *report), kLongestSms);
  return as_activity_failure([&]() -> NoticeOutcome {
    // The vendor knows no idempotency keys: after an attempt whose end is unknown, look for its message first.
    if (attempt > 1) {
      const auto call_time = std::chrono::floor<std::chrono::seconds>(in.call.created_at);
      if (const auto sent = services.sms.find_sent(message, call_time)) return {.sent = true, .vendor_id = sent->id};
    }
    return {.sent = true, .vendor_id = services.sms.send(message).id};
  });
}

NoticeOutcome send_call_email(Services& services, const CallNotice& in) {
  const auto contact = contact_of(services, in.call.organization_id);
  if (contact->email_to.empty()) return {};
  const auto report = report_of(services, in.call);
  vendors::EmailMessage message;
  message.organization_id = in.call.organization_id.to_string();
  message.idempotency_key = "call.completed/" + vendors::text_prefix(in.call.call_id, 200);
  message.to = contact->email_to;
  message.subject = subject_of(*report);
  message.text = text_of(services, in, *report);
  return as_activity_failure(
      [&]() -> NoticeOutcome { return {.sent = true, .vendor_id = services.email.send(message).id}; });
}

}  // namespace platform::bodies
