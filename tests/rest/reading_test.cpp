#include "rest_fixture.hpp"

#include <gmock/gmock.h>

namespace platform::rest::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Reading : public RestTest {
 protected:
  std::string acme() const { return "'" + acme_.to_string() + "'"; }
};

TEST_F(Reading, the_organization_is_shown_without_secrets_and_its_settings_are_changed) {
  const auto target = "/v1/organizations/" + acme_.to_string();
  EXPECT_EQ(get("/v1/organizations").json().at("data").as_array().size(), 1u);
  const auto changed =
      patch(target, R"({"name": "Acme Ltd", "settings": {"notify": {"email": true, "email_to": "a@b.c"},
      "vapi": {"authentication": {"type": "bearer", "secret": "hidden"}}}})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.text("name"), "Acme Ltd");
  EXPECT_THAT(changed.body, Not(HasSubstr("hidden")));
  EXPECT_EQ(value("SELECT settings #>> '{vapi,authentication,secret}' FROM platform.organizations WHERE slug = 'acme'"),
            "hidden");
  EXPECT_EQ(patch(target, R"({"settings": {"notify": {"sms": "yes"}}})").text("field"), "settings.notify.sms");
  EXPECT_EQ(patch(target, R"({"settings": {"colour": {}}})").status, 400);
  const auto bad =
      patch(target, R"({"settings": {"vapi": {"authentication": {"type": "magic", "secret": "hidden"}}}})");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, Not(HasSubstr("hidden")));
  EXPECT_EQ(patch(target, R"({"plan": "scale"})").status, 400);
}

TEST_F(Reading, usage_and_the_billing_preview_add_up) {
  owner(
      "INSERT INTO platform.usage_counters SELECT id, period_start, 1, 3, 1250 FROM platform.organizations WHERE id "
      "= " +
      acme());
  owner(
      "INSERT INTO platform.usage_ledger (organization_id, source, occurred_at, period_start, minutes) SELECT id, "
      "'call:' || n, now(), period_start, 625 FROM platform.organizations, generate_series(1, 2) n WHERE id = " +
      acme());
  owner("UPDATE platform.organizations SET plan_id = 'growth', plan_minutes = 1000 WHERE id = " + acme());
  const auto usage = get("/v1/usage");
  EXPECT_EQ(usage.text("minutes_used"), "1250");
  EXPECT_EQ(usage.text("overage_minutes"), "250");
  const auto preview = get("/v1/billing/preview");
  EXPECT_EQ(preview.text("minutes"), "1250");
  EXPECT_EQ(preview.text("overage_minutes"), "250");
  EXPECT_EQ(preview.text("overage_cents"), "3000");
  EXPECT_EQ(send("GET", "/v1/billing/preview", "", other_key_).text("minutes"), "0");
}

TEST_F(Reading, daily_usage_and_billing_events_come_in_pages) {
  owner("INSERT INTO platform.daily_usage (organization_id, date, calls, minutes, cost_usd) SELECT " + acme() +
        ", date '2026-01-01' + n, n, n, 0 FROM generate_series(0, 4) n");
  const auto first = get("/v1/usage/daily?from=2026-01-01&to=2026-01-04&limit=3");
  EXPECT_EQ(first.json().at("data").at(0).at("date").as_string(), "2026-01-04");
  const auto next = get("/v1/usage/daily?from=2026-01-01&to=2026-01-04&limit=3&cursor=" + first.text("next_cursor"));
  EXPECT_EQ(next.json().at("data").as_array().size(), 1u);
  EXPECT_EQ(get("/v1/usage/daily?from=2026-02-30").text("field"), "from");
  owner("INSERT INTO platform.billing_events (organization_id, identifier, kind) SELECT " + acme() +
        ", 'e' || n, 'overage' FROM generate_series(1, 3) n");
  const auto events = get("/v1/billing/events?limit=2");
  EXPECT_EQ(events.json().at("data").as_array().size(), 2u);
  EXPECT_EQ(get("/v1/billing/events?limit=2&cursor=" + events.text("next_cursor")).json().at("data").as_array().size(),
            1u);
}

TEST_F(Reading, patterns_and_interactions_are_listed_filtered_and_shown) {
  owner("INSERT INTO platform.patterns (organization_id, period, period_start, description, confidence) VALUES (" +
        acme() + ", 'day', '2026-01-02', 'late', 0.9), (" + acme() + ", 'week', '2026-01-01', 'early', 0.5)");
  const auto patterns = get("/v1/patterns?period=week");
  ASSERT_EQ(patterns.json().at("data").as_array().size(), 1u);
  const auto id = std::string(patterns.json().at("data").at(0).at("id").as_string());
  EXPECT_EQ(get("/v1/patterns/" + id).text("description"), "early");
  EXPECT_EQ(send("GET", "/v1/patterns/" + id, "", other_key_).status, 404);
  EXPECT_EQ(get("/v1/patterns?period=decade").status, 400);
  EXPECT_EQ(get("/v1/patterns?from=2026-01-02").json().at("data").as_array().size(), 1u);

  owner("INSERT INTO platform.interactions (organization_id, source, description, metadata) VALUES (" + acme() +
        ", 'web', 'looked at shoes', '{\"page\": 1}')");
  const auto interactions = get("/v1/interactions?source=web");
  ASSERT_EQ(interactions.json().at("data").as_array().size(), 1u);
  const auto name = std::string(interactions.json().at("data").at(0).at("id").as_string());
  EXPECT_EQ(get("/v1/interactions/" + name).text("description"), "looked at shoes");
  EXPECT_EQ(send("GET", "/v1/interactions/" + name, "", other_key_).status, 404);
  EXPECT_EQ(get("/v1/interactions/WyJ4IiwieSJd").status, 400);
}

TEST_F(Reading, texts_are_searched_within_one_tenant) {
  owner("INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript, summary) VALUES (" +
        acme() + ", now(), 'c1', 'User: my crown came loose', 'A loose crown'), (" + acme() +
        ", now(), 'c2', 'User: opening hours please', ''), ('" + globex_.to_string() +
        "', now(), 'c3', 'a loose crown', '')");
  owner("INSERT INTO platform.interactions (organization_id, source, description) VALUES (" + acme() +
        ", 'web', 'read about a loose crown')");
  const auto found = get("/v1/search?q=loose+crown");
  ASSERT_EQ(found.json().at("data").as_array().size(), 2u) << found.body;
  const auto call = get("/v1/search?q=loose+crown&kind=call").json();
  ASSERT_EQ(call.at("data").as_array().size(), 1u);
  EXPECT_EQ(call.at("data").at(0).at("id").as_string(), "c1");
  EXPECT_EQ(call.at("data").at(0).at("text").as_string(), "A loose crown");
  const auto interaction = get("/v1/search?q=loose+crown&kind=interaction").json();
  EXPECT_EQ(
      get("/v1/interactions/" + std::string(interaction.at("data").at(0).at("id").as_string())).text("description"),
      "read about a loose crown");
  EXPECT_EQ(get("/v1/search").text("field"), "q");
  EXPECT_EQ(get("/v1/search?q=x&kind=order").status, 400);
  EXPECT_EQ(get("/v1/search?q=x&since=2026-01-01T00:00:00Z&limit=101").status, 400);
  EXPECT_EQ(get("/v1/search?q=%27%22%28%26").status, 200) << "odd characters are no error";
}

TEST_F(Reading, patterns_that_were_seen_before_can_be_left_out) {
  owner(
      "INSERT INTO platform.patterns (id, organization_id, period, period_start, number, title, description, "
      "confidence) "
      "VALUES ('00000000-0000-4000-8000-000000000001', " +
      acme() + ", 'day', '2026-01-02', 0, 'late grills', 'late', 0.9)");
  owner(
      "INSERT INTO platform.patterns (organization_id, period, period_start, description, confidence, similar_to) "
      "VALUES (" +
      acme() + ", 'day', '2026-01-03', 'late', 0.9, '00000000-0000-4000-8000-000000000001')");
  EXPECT_EQ(get("/v1/patterns").json().at("data").as_array().size(), 2u);
  const auto first = get("/v1/patterns?repeated=false").json();
  ASSERT_EQ(first.at("data").as_array().size(), 1u);
  EXPECT_EQ(first.at("data").at(0).at("title").as_string(), "late grills");
  EXPECT_EQ(get("/v1/patterns?repeated=true").json().at("data").as_array().size(), 1u);
  EXPECT_EQ(get("/v1/patterns?repeated=maybe").status, 400);
}

TEST_F(Reading, an_interaction_is_posted_once_and_processed_later) {
  const std::string id = "00000000-0000-4000-8000-000000000001";
  const auto body = R"({"id": ")" + id + R"(", "source": "web", "events": {"page": "grills"}, "metadata": {"a": 1}})";
  const auto posted = send("POST", "/v1/interactions", body);
  EXPECT_EQ(posted.status, 202) << posted.body;
  EXPECT_EQ(posted.text("interaction"), id);
  const auto again = send("POST", "/v1/interactions", body);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("id"), posted.text("id"));
  EXPECT_EQ(owner("SELECT count(*) || ' ' || min(workflow_type) FROM holdfast.runs WHERE workflow_id LIKE "
                  "'interaction-%'")[0][0]
                .as<std::string>(),
            "1 InteractionProcessing");
  EXPECT_EQ(value("SELECT content || metadata FROM platform.interaction_events"), "{\"page\":\"grills\"}{\"a\": 1}");
  EXPECT_EQ(send("POST", "/v1/interactions", R"({"source": "web", "content": "hello"})").status, 202);
  for (const std::string bad :
       {R"({"source": "web"})", R"({"source": "web", "content": "x", "events": {}})",
        R"({"source": "fax", "content": "x"})", R"({"source": "web", "content": "x", "id": "7"})",
        R"({"source": "web", "content": "x", "products": ["7"]})", R"({"source": "web", "content": "x", "colour": 1})"})
    EXPECT_EQ(send("POST", "/v1/interactions", bad).status, 400) << bad;
}

}  // namespace
}  // namespace platform::rest::test
