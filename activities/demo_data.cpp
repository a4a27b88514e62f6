#include <activities/demo_data.hpp>

#include <boost/json.hpp>

namespace platform {
namespace {

std::string settings_json(const DemoOrganization& organization) {
  boost::json::object notify;
  notify["sms"] = !organization.sms_to.empty();
  notify["email"] = !organization.email_to.empty();
  if (!organization.sms_to.empty()) notify["sms_to"] = organization.sms_to;
  if (!organization.email_to.empty()) notify["email_to"] = organization.email_to;
  return boost::json::serialize(boost::json::object{{"notify", notify}});
}

}  // namespace

holdfast::Uuid create_demo_organization(pqxx::transaction_base& tx, const DemoOrganization& organization) {
  const auto id = organization.id.to_string();
  tx.exec_params("SELECT set_config('app.organization_id', $1, true)", id);
  tx.exec_params(R"(
    INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, settings,
                                        stripe_customer_id)
    SELECT $1::uuid, $2, $2, p.id, p.minutes, date_trunc('day', now()), date_trunc('day', now()) + interval '30 days',
           $4::jsonb, 'cus_' || $2
    FROM platform.plans p WHERE p.id = $3 ON CONFLICT DO NOTHING)",
                 id, organization.slug, organization.plan, settings_json(organization));
  tx.exec_params(R"(
    INSERT INTO platform.users (organization_id, email, name, role) VALUES ($1::uuid, $2, 'Demo owner', 'owner')
    ON CONFLICT DO NOTHING)",
                 id, organization.owner_email);
  tx.exec_params(R"(
    INSERT INTO platform.assistants (organization_id, name, vapi_assistant_id)
    VALUES ($1::uuid, 'Receptionist', 'assistant-' || $2) ON CONFLICT DO NOTHING)",
                 id, organization.slug);
  if (organization.webhook_url.empty()) return {};
  const auto known =
      tx.exec_params("SELECT id FROM platform.integrations WHERE organization_id = $1::uuid AND url = $2 LIMIT 1", id,
                     organization.webhook_url);
  if (!known.empty()) return holdfast::Uuid::parse(known[0][0].c_str());
  const auto made = tx.exec_params(R"(
    INSERT INTO platform.integrations (organization_id, name, url, secrets)
    VALUES ($1::uuid, 'Demo endpoint', $2, ARRAY[$3]) RETURNING id)",
                                   id, organization.webhook_url, organization.webhook_secret);
  return holdfast::Uuid::parse(made[0][0].c_str());
}

}  // namespace platform
