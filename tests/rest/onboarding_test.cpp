#include "rest_fixture.hpp"

#include <gmock/gmock.h>

namespace platform::rest::test {
namespace {

using testing::HasSubstr;

class Onboarding : public RestTest {
 protected:
  Onboarding() {
    RestOptions options;
    options.operator_key = kOperator;
    options.public_url = "https://api.example.com";
    serve(options);
  }
  Answer sign_up(const std::string& more = "", const std::string& slug = "dental") {
    return send("POST", "/v1/onboarding",
                R"({"slug": ")" + slug +
                    R"(", "name": "Dental", "owner_email": "ann@example.com", "owner_name": "Ann")" + more + "}",
                kOperator);
  }
  Answer verify(const std::string& token) {
    return send("POST", "/v1/onboarding/verifications", R"({"token": ")" + token + "\"}", "none");
  }
  const std::string kOperator = "the operators' key";
};

TEST_F(Onboarding, an_operator_starts_a_sign_up_once_per_name) {
  const auto started = sign_up(R"(, "plan": "growth", "country": "DE", "time_zone": "Europe/Berlin")");
  ASSERT_EQ(started.status, 202) << started.body;
  EXPECT_EQ(started.headers.find("Location"), "/v1/onboarding/dental");
  EXPECT_EQ(value("SELECT workflow_type || ' ' || workflow_id || ' ' || task_queue FROM holdfast.runs"),
            "Onboarding onboarding-dental onboarding");
  EXPECT_EQ(value("SELECT concat_ws(' ', input ->> 'plan_id', input ->> 'country', input ->> 'billing_time_zone', "
                  "input ->> 'verification_url', length(input ->> 'verification_token')) FROM holdfast.runs"),
            "growth DE Europe/Berlin https://api.example.com/v1/onboarding/verifications?token= 64");
  EXPECT_EQ(sign_up().status, 409);
  EXPECT_EQ(sign_up("", "acme").status, 409) << "an organization has the name";
  const auto status = send("GET", "/v1/onboarding/dental", "", kOperator);
  EXPECT_EQ(status.text("status"), "running");
  EXPECT_EQ(status.text("organization_id"), started.text("organization_id"));
  EXPECT_EQ(send("GET", "/v1/onboarding/nobody", "", kOperator).status, 404);
}

TEST_F(Onboarding, customers_and_strangers_cannot_start_one) {
  EXPECT_EQ(post("/v1/onboarding", "{}").status, 401);
  EXPECT_EQ(send("GET", "/v1/onboarding/dental", "", "wrong").status, 401);
  serve();
  EXPECT_EQ(send("POST", "/v1/onboarding", "{}", kOperator).status, 403) << "no operator key is configured";
}

TEST_F(Onboarding, bad_input_is_refused_before_anything_starts) {
  EXPECT_EQ(sign_up("", "Dental").text("field"), "slug");
  EXPECT_EQ(sign_up("", "-dental").text("field"), "slug");
  EXPECT_EQ(sign_up("", "deleted-x").text("field"), "slug");
  EXPECT_EQ(sign_up(R"(, "plan": "gold")").text("allowed"), "growth, scale, starter");
  EXPECT_EQ(sign_up(R"(, "country": "usa")").text("field"), "country");
  EXPECT_EQ(sign_up(R"(, "country": "us")").text("field"), "country");
  EXPECT_EQ(sign_up(R"(, "time_zone": "Mars/Olympus")").text("field"), "time_zone");
  EXPECT_EQ(sign_up(R"(, "verification_url": "http://x")").text("field"), "verification_url");
  EXPECT_EQ(send("POST", "/v1/onboarding",
                 R"({"slug": "x", "name": "X", "owner_email": "nobody", "owner_name": "Ann"})", kOperator)
                .text("field"),
            "owner_email");
  EXPECT_EQ(value("SELECT count(*) FROM holdfast.runs"), "0");
}

TEST_F(Onboarding, the_token_of_the_e_mail_signals_the_sign_up) {
  const auto id = sign_up().text("organization_id");
  const auto token = value("SELECT input ->> 'verification_token' FROM holdfast.runs");
  EXPECT_EQ(verify(token).status, 404) << "the organization is not there yet";
  owner(
      "INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, status) "
      "VALUES ('" +
      id + "', 'dental', 'x', 'starter', 1, now(), now() + interval '1 month', 'pending')");
  owner("INSERT INTO platform.organization_verifications (organization_id, email, token_hash, workflow_id) VALUES ('" +
        id + "', 'a@b.c', sha256('" + token + "'), 'onboarding-dental')");
  const auto verified = verify(token);
  EXPECT_EQ(verified.status, 202) << verified.body;
  EXPECT_EQ(verified.text("organization_id"), id);
  EXPECT_EQ(value("SELECT kind || ' ' || name FROM holdfast.inbox"), "signal address_verified");
  owner("UPDATE platform.organizations SET status = 'active' WHERE slug = 'dental'");
  EXPECT_EQ(verify(token).text("status"), "active") << "a second click changes nothing";
  EXPECT_EQ(value("SELECT count(*) FROM holdfast.inbox"), "1");
  EXPECT_EQ(verify("guess").status, 404);
}

}  // namespace
}  // namespace platform::rest::test
