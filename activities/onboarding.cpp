#include <activities/onboarding.hpp>

#include <boost/json.hpp>

#include <activities/bodies.hpp>
#include <activities/owner_notices.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/http/signature/hash.hpp>

namespace platform::bodies {
namespace {

using holdfast::ApplicationError;

// The tenant is set by a statement of its own: these update rows.
constexpr Statement kSetTenant{"platform_set_tenant", "SELECT set_config('app.organization_id', $1, true)"};

constexpr Statement kCreate{"platform_create_organization", R"(
INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, billing_anchor,
                                    billing_time_zone, settings, status)
SELECT $1::uuid, $2, $3, p.id, p.minutes, now(), platform.billing_boundary(now(), $6, 1), now(), $6,
       json_build_object('notify', json_build_object('sms', false, 'email', true, 'email_to', $5::text))::jsonb, 'pending'
FROM platform.plans p WHERE p.id = $4
ON CONFLICT DO NOTHING)"};

constexpr Statement kDefaults{"platform_create_organization_defaults", R"(
WITH owner AS (
  INSERT INTO platform.users (organization_id, email, name, role) VALUES ($1::uuid, $2, $3, 'owner')
  ON CONFLICT DO NOTHING),
receptionist AS (
  INSERT INTO platform.assistants (organization_id, name)
  SELECT $1::uuid, 'Receptionist' WHERE NOT EXISTS (
    SELECT FROM platform.assistants WHERE organization_id = $1::uuid)),
audit AS (
  INSERT INTO platform.audit_log (organization_id, actor, action, subject)
  VALUES ($1::uuid, $5, 'organization.created', $1))
INSERT INTO platform.organization_verifications (organization_id, email, token_hash, workflow_id)
VALUES ($1::uuid, $2, decode($4, 'hex'), $5) ON CONFLICT DO NOTHING)"};

constexpr Statement kExists{"platform_own_organization", "SELECT slug FROM platform.organizations WHERE id = $1::uuid"};
constexpr Statement kPlan{"platform_plan_exists", "SELECT 1 FROM platform.plans WHERE id = $1"};

constexpr Statement kRecordNumber{"platform_record_number", R"(
INSERT INTO platform.phone_numbers (organization_id, number, assistant_id, provider, provider_sid)
SELECT $1::uuid, $2, (SELECT id FROM platform.assistants WHERE organization_id = $1::uuid ORDER BY created_at, id LIMIT 1),
       $3, $4
WHERE NOT EXISTS (SELECT FROM platform.phone_numbers WHERE organization_id = $1::uuid AND number = $2
                    AND released_at IS NULL))"};

constexpr Statement kForgetNumbers{"platform_forget_numbers", R"(
UPDATE platform.phone_numbers SET released_at = now() WHERE organization_id = $1::uuid AND released_at IS NULL)"};

constexpr Statement kActivate{"platform_activate_organization", R"(
WITH verified AS (
  UPDATE platform.organization_verifications SET verified_at = now()
  WHERE organization_id = $1::uuid AND verified_at IS NULL),
activated AS (
  UPDATE platform.organizations SET status = 'active', period_start = now(), billing_anchor = now(),
         period_end = platform.billing_boundary(now(), billing_time_zone, 1)
  WHERE id = $1::uuid AND status = 'pending' RETURNING id)
INSERT INTO platform.audit_log (organization_id, actor, action, subject)
SELECT id, 'onboarding', 'organization.activated', id::text FROM activated)"};

constexpr Statement kRemove{"platform_remove_organization", R"(
WITH removed AS (
  UPDATE platform.organizations SET status = 'deleted', slug = 'deleted-' || id
  WHERE id = $1::uuid AND status <> 'deleted' RETURNING id),
keys AS (
  UPDATE platform.api_keys SET revoked_at = now() WHERE organization_id = $1::uuid AND revoked_at IS NULL),
verification AS (
  DELETE FROM platform.organization_verifications WHERE organization_id = $1::uuid)
INSERT INTO platform.audit_log (organization_id, actor, action, subject, detail)
SELECT id, 'onboarding', 'organization.removed', id::text, json_build_object('reason', $2::text) FROM removed)"};

vendors::PhoneNumbers& numbers_of(Services& services) {
  if (services.phone_numbers == nullptr)
    throw ApplicationError("NotConfigured", "this worker has no vendor of phone numbers");
  return *services.phone_numbers;
}

std::string text_of(const WelcomeMail& mail) {
  const auto& sign_up = mail.sign_up;
  std::string text = mail.reminder == 0 ? "Welcome, " + sign_up.owner_name + "!\n\n"
                                        : "Hello " + sign_up.owner_name + ",\n\nyour account still waits for you.\n\n";
  text += "The phone number of " + sign_up.name + " is " + mail.number +
          ".\nOne step is left: confirm this e-mail address within 14 days of your sign-up.\n\n";
  if (!sign_up.verification_url.empty())
    text += sign_up.verification_url + sign_up.verification_token + "\n";
  else
    text += "Your confirmation code: " + sign_up.verification_token + "\n";
  return text;
}

}  // namespace

holdfast::Nothing create_organization(Services& services, pqxx::transaction_base& tx, const SignUp& in) {
  const auto id = in.organization_id.to_string();
  services.sql(tx, kSetTenant, id);
  if (services.sql(tx, kPlan, in.plan_id).empty())
    throw ApplicationError("PlanNotFound", "plan_id is '" + in.plan_id + "': there is no such plan", true);
  services.sql(tx, kCreate, id, in.slug, in.name, in.plan_id, in.owner_email, in.billing_time_zone);
  if (services.sql(tx, kExists, id).empty())
    throw ApplicationError("SlugTaken", "slug is '" + in.slug + "': another organization has it", true);
  const auto hash = holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, in.verification_token);
  services.sql(tx, kDefaults, id, in.owner_email, in.owner_name, holdfast::http::hex_encode(hash),
               onboarding_workflow_id(in.slug));
  return {};
}

ProvisionedNumber provision_number(Services& services, const NumberWish& in) {
  auto& numbers = numbers_of(services);
  const auto organization = in.organization_id.to_string();
  return as_activity_failure([&] {
    // The vendor knows no idempotency keys, so always look what an earlier attempt came to.
    const auto known = numbers.find(organization);
    const auto number = known.empty() ? numbers.provision(organization, in.country) : known.front();
    return ProvisionedNumber{number.number, number.id, numbers.provider()};
  });
}

holdfast::Nothing record_number(Services& services, pqxx::transaction_base& tx, const RecordNumber& in) {
  const auto id = in.organization_id.to_string();
  services.sql(tx, kSetTenant, id);
  services.sql(tx, kRecordNumber, id, in.number.number, in.number.provider, in.number.id);
  return {};
}

holdfast::Nothing send_welcome(Services& services, const WelcomeMail& in) {
  OwnerNotice notice;
  notice.organization_id = in.sign_up.organization_id;
  notice.idempotency_key =
      in.reminder == 0 ? "onboarding.welcome" : "onboarding.reminder/" + std::to_string(in.reminder);
  notice.subject =
      in.reminder == 0 ? "Welcome to " + in.sign_up.name + "'s receptionist" : "Please confirm your e-mail address";
  notice.text = text_of(in);
  if (!email_owner(services, notice)) throw ApplicationError("OwnerNotFound", "the organization has no owner", true);
  return {};
}

holdfast::Nothing activate_organization(Services& services, pqxx::transaction_base& tx, const OnboardingKey& in) {
  const auto id = in.organization_id.to_string();
  services.sql(tx, kSetTenant, id);
  services.sql(tx, kActivate, id);
  return {};
}

holdfast::Nothing release_numbers(Services& services, const OnboardingKey& in) {
  auto& numbers = numbers_of(services);
  as_activity_failure([&] {
    for (const auto& number : numbers.find(in.organization_id.to_string())) numbers.release(number.id);
    return 0;
  });
  return {};
}

holdfast::Nothing forget_numbers(Services& services, pqxx::transaction_base& tx, const OnboardingKey& in) {
  const auto id = in.organization_id.to_string();
  services.sql(tx, kSetTenant, id);
  services.sql(tx, kForgetNumbers, id);
  return {};
}

holdfast::Nothing remove_organization(Services& services, pqxx::transaction_base& tx, const OnboardingEnded& in) {
  const auto id = in.organization_id.to_string();
  services.sql(tx, kSetTenant, id);
  services.sql(tx, kRemove, id, in.reason);
  return {};
}

}  // namespace platform::bodies
