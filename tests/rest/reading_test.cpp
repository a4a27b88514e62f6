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

TEST_F(Reading, transcripts_are_found_by_their_words_within_one_tenant) {
  owner("INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript, summary) VALUES (" +
        acme() + ", now(), 'c1', 'User: my crown came loose', 'A loose crown'), (" + acme() +
        ", now(), 'c2', 'User: opening hours please', ''), ('" + globex_.to_string() +
        "', now(), 'c3', 'a loose crown', '')");
  const auto found = get("/v1/search?q=loose+crown");
  ASSERT_EQ(found.json().at("data").as_array().size(), 1u) << found.body;
  EXPECT_EQ(found.json().at("data").at(0).at("call_id").as_string(), "c1");
  EXPECT_EQ(get("/v1/search").text("field"), "q");
  EXPECT_EQ(get("/v1/search?q=%27%22%28%26").status, 200) << "odd characters are no error";
}

}  // namespace
}  // namespace platform::rest::test
