#include <activities/call_notices.hpp>

#include <chrono>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/text.hpp>
#include <holdfast/core/codec.hpp>

namespace platform::bodies {
namespace {

// Everything that the text says, from stored rows: the same in every attempt.
constexpr Statement kReadNotice{"platform_read_call_notice", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT o.name, coalesce(o.settings #>> ARRAY['notify', $4 || '_to'], ''), coalesce(c.from_number, 'an unknown number'),
       coalesce(c.duration_ms, 0), coalesce(tr.summary, ''), coalesce(a.items, '')
FROM tenant t
CROSS JOIN LATERAL (SELECT name, settings FROM platform.organizations WHERE id = t.id OFFSET 0) o
LEFT JOIN LATERAL (SELECT from_number, duration_ms FROM platform.calls
                   WHERE organization_id = t.id AND created_at = $2::timestamptz AND id = $3 OFFSET 0) c ON true
LEFT JOIN LATERAL (SELECT left(summary, 2000) AS summary FROM platform.call_transcripts
                   WHERE organization_id = t.id AND created_at = $2::timestamptz AND call_id = $3 OFFSET 0) tr ON true
LEFT JOIN LATERAL (SELECT string_agg('- ' || left(text, 300), E'\n' ORDER BY position) AS items
                   FROM platform.call_actions
                   WHERE organization_id = t.id AND created_at = $2::timestamptz AND call_id = $3 OFFSET 0) a ON true)"};

constexpr Statement kRecordNotices{"platform_record_call_notices", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.notifications (organization_id, created_at, dedupe_key, channel, status, title, vendor_id, error)
SELECT t.id, $2::timestamptz, r.channel || ':call:' || $3, r.channel, r.status, 'Call finished', r.vendor_id, r.error
FROM tenant t
CROSS JOIN json_to_recordset($4::json) AS r (channel text, status text, vendor_id text, error text)
ON CONFLICT DO NOTHING)"};

struct Notice {
  std::string to, subject, text;
};

/// An SMS holds at most 1,600 characters, and a short one is read.
constexpr std::size_t kLongestSms = 480;

Notice read_notice(Services& services, const CallKey& call, const char* channel) {
  Notice notice;
  services.database.query([&](pqxx::transaction_base& tx) {
    const auto rows = services.sql(tx, kReadNotice, call.organization_id.to_string(), holdfast::to_rfc3339(call.created_at),
                              call.call_id, channel);
    if (rows.empty()) return;
    const auto& row = rows[0];
    const auto seconds = row[3].as<std::int64_t>() / 1000;
    notice.to = row[1].c_str();
    notice.subject = std::string("Call from ") + row[2].c_str();
    notice.text = notice.subject + " (" + std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s)";
    if (const std::string summary = row[4].c_str(); !summary.empty()) notice.text += "\n" + summary;
    if (const std::string items = row[5].c_str(); !items.empty()) notice.text += "\nTo do:\n" + items;
  });
  return notice;
}

NoticeOutcome outcome(const char* channel, const char* status, std::string vendor_id) {
  return {.channel = channel, .status = status, .vendor_id = std::move(vendor_id), .error = {}};
}

}  // namespace

NoticeOutcome send_call_sms(Services& services, const CallKey& call, int attempt) {
  const auto notice = read_notice(services, call, "sms");
  if (notice.to.empty()) return outcome("sms", "skipped", {});
  vendors::SmsMessage message;
  message.organization_id = call.organization_id.to_string();
  message.idempotency_key = "call.completed/" + call.call_id;
  message.to = notice.to;
  message.body = vendors::text_prefix(notice.text, kLongestSms);
  return as_activity_failure([&] {
    // The vendor knows no idempotency keys: after an attempt whose end is unknown, look for its message first.
    if (attempt > 1) {
      const auto call_time = std::chrono::floor<std::chrono::seconds>(call.created_at);
      if (const auto sent = services.sms.find_sent(message, call_time)) return outcome("sms", "sent", sent->id);
    }
    return outcome("sms", "sent", services.sms.send(message).id);
  });
}

NoticeOutcome send_call_email(Services& services, const CallKey& call) {
  const auto notice = read_notice(services, call, "email");
  if (notice.to.empty()) return outcome("email", "skipped", {});
  vendors::EmailMessage message;
  message.organization_id = call.organization_id.to_string();
  message.idempotency_key = "call.completed/" + vendors::text_prefix(call.call_id, 200);
  message.to = notice.to;
  message.subject = notice.subject;
  message.text = notice.text;
  return as_activity_failure([&] { return outcome("email", "sent", services.email.send(message).id); });
}

holdfast::Nothing record_call_notices(Services& services, pqxx::transaction_base& tx, const RecordNotices& in) {
  services.sql(tx, kRecordNotices, in.call.organization_id.to_string(), holdfast::to_rfc3339(in.call.created_at),
          in.call.call_id, holdfast::encode(in.outcomes));
  return {};
}

}  // namespace platform::bodies
