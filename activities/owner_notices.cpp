#include <activities/owner_notices.hpp>

#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>

namespace platform {
namespace {

constexpr Statement kReadOwner{"platform_read_owner", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT u.email FROM tenant t
CROSS JOIN LATERAL (SELECT email FROM platform.users WHERE organization_id = t.id AND role = 'owner'
                    ORDER BY created_at, id LIMIT 1) u)"};

constexpr Statement kRecordNotice{"platform_record_owner_notice", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, subject, body, vendor_id)
SELECT t.id, $2, 'email', $3, $4, $5, $6 FROM tenant t
ON CONFLICT DO NOTHING)"};

}  // namespace

bool email_owner(Services& services, const OwnerNotice& notice) {
  vendors::EmailMessage message;
  message.organization_id = notice.organization_id.to_string();
  message.idempotency_key = notice.idempotency_key + "/" + message.organization_id;
  message.subject = notice.subject;
  message.text = notice.text;
  services.database.query([&](pqxx::transaction_base& tx) {
    const auto rows = services.sql(tx, kReadOwner, message.organization_id);
    if (!rows.empty()) message.to = rows[0][0].c_str();
  });
  if (message.to.empty()) return false;
  const auto sent = as_activity_failure([&] { return services.email.send(message); });
  services.database.query([&](pqxx::transaction_base& tx) {
    services.sql(tx, kRecordNotice, message.organization_id, message.idempotency_key, message.to, message.subject,
                 message.text, sent.id);
  });
  return true;
}

}  // namespace platform
