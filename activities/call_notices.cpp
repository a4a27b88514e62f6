#include <activities/call_notices.hpp>

#include <chrono>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <activities/bodies.hpp>
#include <activities/object_key.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/text.hpp>
#include <holdfast/http/signature/hash.hpp>

namespace platform::bodies {
namespace {

constexpr std::size_t kLongestSms = 480;  // a vendor takes 1,600 characters; people read short ones
constexpr std::size_t kLongestSummary = 2000;
constexpr std::size_t kLongestItem = 300;

std::string subject_of(const CallReport& report) {
  return "Call from " + (report.from_number.empty() ? "an unknown number" : report.from_number);
}

std::string text_of(Services& services, const CallNotice& in, const CallReport& report, pqxx::transaction_base* tx) {
  const auto seconds = report.duration_ms / 1000;
  auto text = fmt::format("{} ({} min {} s)", subject_of(report), seconds / 60, seconds % 60);
  if (!report.summary.empty()) text += "\n" + vendors::text_prefix(report.summary, kLongestSummary);
  if (in.action_items == 0) return text;
  text += "\nTo do:";
  for (const auto& item : *action_items_of(services, in.call, tx))
    text += "\n- " + vendors::text_prefix(item.text, kLongestItem);
  return text;
}

/// Makes the text of each call's SMS its own: by its text a message is found again at the vendor.
std::string reference_of(const CallKey& call) {
  namespace http = holdfast::http;
  return "\nRef " + http::hex_encode(http::digest(http::HashAlgorithm::sha256, call_message_id(call))).substr(0, 10);
}

vendors::SmsMessage sms_of(Services& services, const CallNotice& in, pqxx::transaction_base* tx = nullptr) {
  vendors::SmsMessage message;
  message.to = contact_of(services, in.call.organization_id, tx)->sms_to;
  if (message.to.empty()) return message;
  message.organization_id = in.call.organization_id.to_string();
  message.idempotency_key = call_message_id(in.call);
  const auto reference = reference_of(in.call);
  const auto text = text_of(services, in, *report_of(services, in.call, tx), tx);
  message.body = vendors::text_prefix(text, kLongestSms - reference.size()) + reference;
  return message;
}

/// Call ids may be longer than an e-mail's key.
std::string email_key(const CallKey& call) {
  auto key = call_message_id(call);
  if (key.size() <= 256) return key;
  return "call-completed-sha256-" +
         holdfast::http::hex_encode(holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, key));
}

vendors::EmailMessage email_of(Services& services, const CallNotice& in, pqxx::transaction_base* tx = nullptr) {
  vendors::EmailMessage message;
  message.to = contact_of(services, in.call.organization_id, tx)->email_to;
  if (message.to.empty()) return message;
  const auto report = report_of(services, in.call, tx);
  message.organization_id = in.call.organization_id.to_string();
  message.idempotency_key = email_key(in.call);
  message.subject = subject_of(*report);
  message.text = text_of(services, in, *report, tx);
  return message;
}

constexpr Statement kRecordNotices{"platform_record_call_notices", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, subject, body, vendor_id)
SELECT t.id, $2, r.channel, r.recipient, r.subject, r.body, r.vendor_id
FROM tenant t CROSS JOIN json_to_recordset($3::json)
  AS r (channel text, recipient text, subject text, body text, vendor_id text)
ON CONFLICT DO NOTHING)"};

}  // namespace

NoticeOutcome send_call_sms(Services& services, const CallNotice& in) {
  const auto message = sms_of(services, in);
  if (message.to.empty()) return {};
  return as_activity_failure([&]() -> NoticeOutcome {
    // The vendor knows no idempotency keys, so always look first: a first attempt, too, may be the repetition of one
    // whose worker died.
    const auto call_time = std::chrono::floor<std::chrono::seconds>(in.call.created_at);
    if (const auto sent = services.sms.find_sent(message, call_time)) return {true, "sms", sent->id};
    return {true, "sms", services.sms.send(message).id};
  });
}

NoticeOutcome send_call_email(Services& services, const CallNotice& in) {
  const auto message = email_of(services, in);
  if (message.to.empty()) return {};
  return as_activity_failure([&]() -> NoticeOutcome { return {true, "email", services.email.send(message).id}; });
}

holdfast::Nothing record_call_notices(Services& services, pqxx::transaction_base& tx, const SentNotices& in) {
  boost::json::array rows;
  for (const auto& sent : in.sent) {
    boost::json::object row{{"channel", sent.channel}, {"vendor_id", sent.vendor_id}, {"subject", ""}};
    if (sent.channel == "sms") {
      const auto sms = sms_of(services, in.notice, &tx);
      row["recipient"] = sms.to;
      row["body"] = sms.body;
    } else {
      const auto email = email_of(services, in.notice, &tx);
      row["recipient"] = email.to;
      row["subject"] = email.subject;
      row["body"] = email.text;
    }
    rows.push_back(std::move(row));
  }
  services.sql(tx, kRecordNotices, in.notice.call.organization_id.to_string(), call_message_id(in.notice.call),
               boost::json::serialize(rows));
  return {};
}

}  // namespace platform::bodies
