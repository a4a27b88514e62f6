#include <boost/json.hpp>

#include <holdfast/http/signature/hash.hpp>
#include <rest/api_error.hpp>
#include <rest/json_body.hpp>
#include <rest/resources.hpp>
#include <workflows/onboarding.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

constexpr Statement kCheck{"rest_sign_up_check", R"(
SELECT platform.slug_is_taken($1), EXISTS (SELECT FROM platform.plans WHERE id = $2),
       EXISTS (SELECT FROM pg_timezone_names WHERE name = $3), holdfast.uuid_v7(),
       (SELECT string_agg(id, ', ' ORDER BY id) FROM platform.plans))"};

constexpr Statement kStart{"rest_start_workflow",
                           "SELECT holdfast.start_workflow($1, $2, $3::json, $4, conflict => 'fail', "
                           "search_attributes => $5::jsonb)"};

constexpr Statement kRun{"rest_sign_up_run", R"(
SELECT json_build_object('slug', $2::text, 'organization_id', r.input ->> 'organization_id', 'status', r.status,
         'number', r.result ->> 'number', 'error', r.failure ->> 'message', 'started_at', r.started_at,
         'finished_at', r.closed_at)
FROM holdfast.runs r WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = $1
ORDER BY r.run_id DESC LIMIT 1)"};

constexpr Statement kVerification{"rest_verification", R"(
SELECT organization_id, workflow_id, status FROM platform.organization_of_verification(decode($1, 'hex')))"};

// A second click while the first is on its way is delivered as well; the run takes the first.
constexpr Statement kSignal{"rest_verify", "SELECT holdfast.signal_workflow($1, $2, $3::json)"};

std::string checked_slug(JsonBody& body) {
  const auto slug = body.required_text("slug", 63);
  const bool starts_well = slug[0] != '-';
  if (!starts_well || slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos ||
      slug.starts_with("deleted-"))
    throw bad_value("slug", slug, "1 to 63 small letters, digits and '-', not first '-' or 'deleted-'");
  return slug;
}

std::string checked_email(JsonBody& body) {
  const auto email = body.required_text("owner_email", 320, 3);
  const auto at = email.find('@');
  if (at == 0 || at == std::string::npos || at + 1 == email.size() || email.find_first_of(" \t\r\n,;<>") < email.size())
    throw bad_value("owner_email", email, "an e-mail address");
  return email;
}

std::string checked_country(JsonBody& body) {
  const auto country = body.text("country", 2, 2).value_or("US");
  if (country.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
    throw bad_value("country", country, "two capital letters like US");
  return country;
}

/// The page whose address is in the e-mail; the token is appended.
std::string checked_page(JsonBody& body, const RestOptions& options) {
  if (const auto given = body.text("verification_url", 1000)) {
    if (!given->starts_with("https://")) throw bad_value("verification_url", *given, "an https URL");
    return *given;
  }
  return options.public_url.empty() ? "" : options.public_url + "/v1/onboarding/verifications?token=";
}

HttpResponse start(Call& call, const RestOptions& options) {
  JsonBody body(call.http);
  SignUp sign_up{.organization_id = {},
                 .slug = checked_slug(body),
                 .name = body.required_text("name", 200),
                 .plan_id = body.text("plan", 100).value_or("starter"),
                 .owner_email = checked_email(body),
                 .owner_name = body.required_text("owner_name", 200),
                 .country = checked_country(body),
                 .billing_time_zone = body.text("time_zone", 100).value_or("UTC"),
                 .verification_token = holdfast::http::hex_encode(holdfast::http::random_bytes(32)),
                 .verification_url = checked_page(body, options)};
  body.done();
  const auto facts = call.sql(kCheck, sign_up.slug, sign_up.plan_id, sign_up.billing_time_zone)[0];
  if (facts[0].as<bool>()) throw ApiError(409, "slug is '" + sign_up.slug + "': another organization has it");
  if (!facts[1].as<bool>()) throw bad_value("plan", sign_up.plan_id, facts[4].c_str());
  if (!facts[2].as<bool>())
    throw bad_value("time_zone", sign_up.billing_time_zone, "an IANA time zone like Europe/Berlin");
  sign_up.organization_id = holdfast::Uuid::parse(facts[3].c_str());
  try {
    call.sql(kStart, kOnboarding.name, onboarding_workflow_id(sign_up.slug), holdfast::encode(sign_up),
             kOnboarding.task_queue,
             holdfast::Attributes()
                 .set("OrganizationId", sign_up.organization_id.to_string())
                 .set("Slug", sign_up.slug)
                 .json());
  } catch (const pqxx::unique_violation&) {
    throw ApiError(409, "a sign-up for '" + sign_up.slug + "' is under way");
  }
  call.wake = kOnboarding.task_queue;
  auto out = json_response(boost::json::serialize(boost::json::object{
                               {"organization_id", sign_up.organization_id.to_string()}, {"slug", sign_up.slug}}),
                           202);
  out.headers.add("Location", "/v1/onboarding/" + sign_up.slug);
  return out;
}

HttpResponse get(Call& call) {
  call.query.done();
  const auto& slug = call.path.at("slug");
  if (!is_storable(slug)) throw not_found("sign-up");
  const auto rows = call.sql(kRun, onboarding_workflow_id(slug), slug);
  if (rows.empty()) throw not_found("sign-up");
  return json_response(rows[0][0].c_str());
}

/// The token is the credential: it was sent to the address that it proves.
HttpResponse verify(Call& call) {
  JsonBody body(call.http);
  const auto token = body.required_text("token", 200);
  body.done();
  const auto hash = holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, token);
  const auto rows = call.sql(kVerification, holdfast::http::hex_encode(hash));
  const std::string status = rows.empty() ? "deleted" : rows[0][2].c_str();
  if (status == "deleted") throw ApiError(404, "this token is unknown, or its sign-up has ended");
  if (status == "pending") {
    call.sql(kSignal, rows[0][1].c_str(), kAddressVerified.name, holdfast::encode(AddressVerified{}));
    call.wake = kOnboarding.task_queue;
  }
  return json_response(
      boost::json::serialize(boost::json::object{{"organization_id", rows[0][0].c_str()},
                                                 {"status", status == "pending" ? "verified" : status}}),
      status == "pending" ? 202 : 200);
}

}  // namespace

void add_onboarding(Router& router, const RestOptions& options) {
  router.add("POST", "/v1/onboarding", Access::operators, [&options](Call& call) { return start(call, options); });
  router.add("POST", "/v1/onboarding/verifications", Access::everybody, verify);
  router.add("GET", "/v1/onboarding/{slug}", Access::operators, get);
}

}  // namespace platform::rest
