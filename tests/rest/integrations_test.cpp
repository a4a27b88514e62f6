#include "rest_fixture.hpp"

#include <gmock/gmock.h>

#include <holdfast/http/signature/standard_webhooks.hpp>

namespace platform::rest::test {
namespace {

using testing::HasSubstr;

class Integrations : public RestTest {
 protected:
  /// A request that is refused as 400 with these three.
  void refused(const Answer& answer, const std::string& field, const std::string& value, const std::string& allowed) {
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.text("field"), field);
    EXPECT_THAT(answer.text("value"), HasSubstr(value));
    EXPECT_THAT(answer.text("allowed"), HasSubstr(allowed));
    EXPECT_THAT(answer.text("error"), HasSubstr(field));
  }
  Answer create(const std::string& body) { return post("/v1/integrations", body); }
};

TEST_F(Integrations, one_is_created_with_a_secret_that_is_shown_once) {
  const auto made = create(R"({"name": "CRM", "url": "https://crm.example.com/hook", "event_types": ["call.completed",
      "usage.alert"], "max_concurrent": 3, "max_per_second": 10})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.find("Location"), "/v1/integrations/" + made.text("id"));
  EXPECT_NO_THROW(holdfast::http::webhook_key(made.text("secret")));
  const auto read = get("/v1/integrations/" + made.text("id"));
  EXPECT_EQ(read.text("name"), "CRM");
  EXPECT_EQ(read.text("event_types"), R"(["call.completed","usage.alert"])");
  EXPECT_EQ(read.text("max_concurrent"), "3");
  EXPECT_EQ(read.text("max_per_second"), "10");
  EXPECT_EQ(read.text("enabled"), "true");
  EXPECT_THAT(read.body, Not(HasSubstr("whsec_")));
  EXPECT_EQ(value("SELECT secrets[1] FROM platform.integrations WHERE name = 'CRM'"), made.text("secret"));
  EXPECT_EQ(value("SELECT action FROM platform.audit_log"), "integration.created");
}

TEST_F(Integrations, bad_input_is_refused_with_field_value_and_what_is_allowed) {
  refused(create(R"({"url": "https://a.example.com"})"), "name", "missing", "1 to 200 characters");
  refused(create(R"({"name": "", "url": "https://a.example.com"})"), "name", "", "1 to 200");
  refused(create(R"({"name": "a\u0000b", "url": "https://a.example.com"})"), "name", "a", "without NUL");
  refused(create(R"({"name": 7, "url": "https://a.example.com"})"), "name", "7", "a text");
  refused(create(R"({"name": "x", "url": "http://a.example.com"})"), "url", "http://a.example.com", "https");
  refused(create(R"({"name": "x", "url": "https://127.0.0.1/x"})"), "url", "127.0.0.1", "public internet");
  refused(create(R"({"name": "x", "url": "https://[::ffff:10.0.0.1]/x"})"), "url", "10.0.0.1", "public internet");
  refused(create(R"({"name": "x", "url": "https://user:pw@a.example.com"})"), "url", "user", "https");
  refused(create(R"({"name": "x", "url": "https://a.example.com", "max_concurrent": 65})"), "max_concurrent", "65",
          "1 to 64");
  refused(create(R"({"name": "x", "url": "https://a.example.com", "max_per_second": 1.5})"), "max_per_second", "1.5E0",
          "1 to 1000");
  refused(create(R"({"name": "x", "url": "https://a.example.com", "event_types": []})"), "event_types", "[]",
          "1 to 50");
  refused(create(R"({"name": "x", "url": "https://a.example.com", "event_types": ["a", "a"]})"), "event_types", "a",
          "different");
  refused(create(R"({"name": "x", "url": "https://a.example.com", "event_types": ["a b"]})"), "event_types", "a b",
          "letters");
  refused(create(R"({"name": "x", "url": "https://a.example.com", "colour": 1})"), "field", "colour", "name");
  EXPECT_EQ(create("[1]").status, 400);
  EXPECT_EQ(create("{").status, 400);
  EXPECT_EQ(create("{\"name\": \"\xff\"}").status, 400);
  EXPECT_EQ(send("POST", "/v1/integrations", "name=x", "", "application/x-www-form-urlencoded").status, 415);
  EXPECT_EQ(create(R"({"name": ")" + std::string(70'000, 'x') + "\"}").status, 413);
  EXPECT_EQ(value("SELECT count(*) FROM platform.integrations"), "0");
}

TEST_F(Integrations, parts_of_one_are_changed_and_the_rest_stays) {
  const auto id = integration(R"(, "max_per_second": 5)");
  const auto changed = patch("/v1/integrations/" + id, R"({"name": "new", "max_per_second": null})");
  EXPECT_EQ(changed.text("name"), "new");
  EXPECT_EQ(changed.text("max_per_second"), "null");
  EXPECT_EQ(changed.text("url"), "https://hooks.example.com/a");
  refused(patch("/v1/integrations/" + id, R"({"url": "https://10.1.2.3"})"), "url", "10.1.2.3", "public");
  refused(patch("/v1/integrations/" + id, R"({"enabled": "yes"})"), "enabled", "yes", "true or false");
}

TEST_F(Integrations, one_is_disabled_and_enabled_again_without_its_past) {
  const auto id = integration();
  EXPECT_EQ(patch("/v1/integrations/" + id, R"({"enabled": false})").text("disabled_reason"), "by the organization");
  owner("UPDATE platform.integrations SET failing_since = now() - interval '9 days'");
  const auto enabled = patch("/v1/integrations/" + id, R"({"enabled": true})");
  EXPECT_EQ(enabled.text("enabled"), "true");
  EXPECT_EQ(enabled.text("failing_since"), "null");
  EXPECT_EQ(enabled.text("disabled_reason"), "null");
}

TEST_F(Integrations, a_rotated_secret_signs_beside_the_old_one_for_a_while) {
  const auto id = integration();
  const auto old = value("SELECT secrets[1] FROM platform.integrations");
  const auto rotated = post("/v1/integrations/" + id + "/secret-rotations", R"({"overlap_seconds": 3600})");
  ASSERT_EQ(rotated.status, 201) << rotated.body;
  EXPECT_EQ(value("SELECT array_to_string(secrets, ' ') FROM platform.integrations"),
            rotated.text("secret") + " " + old);
  EXPECT_EQ(value("SELECT old_secrets_until > now() + interval '59 minutes' FROM platform.integrations"), "t");
  owner("UPDATE platform.integrations SET old_secrets_until = now() - interval '1 second'");
  post("/v1/integrations/" + id + "/secret-rotations");
  EXPECT_EQ(value("SELECT cardinality(secrets) FROM platform.integrations"), "2") << "what ended is dropped";
  for (int i = 0; i < 6; ++i) EXPECT_EQ(post("/v1/integrations/" + id + "/secret-rotations").status, 201);
  EXPECT_EQ(value("SELECT cardinality(secrets) FROM platform.integrations"), "5");
  post("/v1/integrations/" + id + "/secret-rotations", R"({"overlap_seconds": 0})");
  EXPECT_EQ(value("SELECT cardinality(secrets) FROM platform.integrations"), "1");
  refused(post("/v1/integrations/" + id + "/secret-rotations", R"({"overlap_seconds": -1})"), "overlap_seconds", "-1",
          "0 to 604800");
}

TEST_F(Integrations, one_is_deleted_once) {
  const auto id = integration();
  EXPECT_EQ(send("DELETE", "/v1/integrations/" + id).status, 204);
  EXPECT_EQ(send("DELETE", "/v1/integrations/" + id).status, 404);
  EXPECT_EQ(get("/v1/integrations/" + id).status, 404);
}

TEST_F(Integrations, lists_come_in_pages_without_gaps_or_repetitions) {
  std::set<std::string> made, listed;
  for (int i = 0; i < 7; ++i) made.insert(integration());
  std::string target = "/v1/integrations?limit=3";
  int pages = 0;
  for (; !target.empty(); ++pages) {
    const auto page = get(target);
    ASSERT_EQ(page.status, 200) << page.body;
    for (const auto& entry : page.json().at("data").as_array())
      EXPECT_TRUE(listed.insert(std::string(entry.at("id").as_string())).second);
    target = page.text("next_cursor") == "null" ? "" : "/v1/integrations?limit=3&cursor=" + page.text("next_cursor");
  }
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(listed, made);
}

TEST_F(Integrations, bad_queries_are_refused) {
  refused(get("/v1/integrations?limit=0"), "limit", "0", "1 to 200");
  refused(get("/v1/integrations?limit=1e3"), "limit", "1e3", "whole number");
  refused(get("/v1/integrations?limit="), "limit", "", "1 to 200");
  refused(get("/v1/integrations?cursor=abc"), "cursor", "abc", "this API returned");
  refused(get("/v1/integrations?cursor=WyJhIiwiYiIsImMiXQ"), "cursor", "Wy", "this API returned");
  refused(get("/v1/integrations?page=2"), "query parameter", "page", "cursor, limit");
  refused(get("/v1/integrations?limit=1&limit=2"), "limit", "2", "given twice");
  refused(get("/v1/integrations?limit=%00"), "limit", "", "UTF-8");
  EXPECT_EQ(get("/v1/integrations?cursor=WyJ4IiwieSJd").status, 400)
      << "a cursor of the right shape with other contents";
}

TEST_F(Integrations, an_organization_has_a_hundred_at_most) {
  owner("INSERT INTO platform.integrations (organization_id, name, url, secrets) SELECT '" + acme_.to_string() +
        "', 'x', 'https://x.test', '{whsec_x}' FROM generate_series(1, 100)");
  EXPECT_EQ(create(R"({"name": "x", "url": "https://a.example.com"})").status, 409);
}

}  // namespace
}  // namespace platform::rest::test
