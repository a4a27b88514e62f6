#include "insight_fixture.hpp"

#include <boost/json.hpp>

#include <activities/doctor_checks.hpp>

#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

class Patterns : public InsightTest {
 protected:
  PatternPeriod day(int number) { return {acme_, "day", this_month(number)}; }
};

TEST_F(Patterns, a_day_s_patterns_are_stored_with_words_evidence_and_confidence) {
  auto texts = about_grills(9);
  for (const auto& text : about_lamps(6)) texts.push_back(text);
  texts.emplace_back("A pigeon sat on the fountain");
  store_texts(acme_, this_month(3), texts);
  store_texts(globex_, this_month(3), about_lamps(30));
  const auto stored = discover(day(3));
  EXPECT_EQ(stored.patterns, 2);
  EXPECT_EQ(stored.repeated, 0);
  EXPECT_EQ(owner_value("SELECT string_agg(number || ' ' || members || ' ' || title, ', ' ORDER BY number) FROM "
                        "platform.patterns"),
            "0 9 late delivery garden grill order, 1 6 refund table lamp missing case");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.patterns WHERE confidence > 0.4 AND similar_to IS NULL"), "2");
  const auto evidence = boost::json::parse(owner_value("SELECT evidence FROM platform.patterns WHERE number = 0"));
  EXPECT_EQ(evidence.at("members").as_array().size(), 9u);
  EXPECT_EQ(evidence.at("samples").as_array().size(), 8u);
  EXPECT_EQ(evidence.at("members").at(0).at("id"), evidence.at("exemplar"));
  EXPECT_GT(evidence.at("cohesion").as_double(), 0.5);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.pattern_clusters"), "0");
  EXPECT_EQ(writer_.last().business.organization, "acme");
}

TEST_F(Patterns, a_period_that_has_patterns_keeps_them) {
  store_texts(acme_, this_month(3), about_grills(9));
  EXPECT_EQ(discover(day(3)).patterns, 1);
  EXPECT_EQ(discover(day(3)).patterns, 0);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.patterns"), "1");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.pattern_clusters"), "0");
}

TEST_F(Patterns, a_pattern_that_was_seen_before_is_linked_and_keeps_its_words) {
  store_texts(acme_, this_month(3), about_grills(9));
  discover(day(3));
  auto texts = about_grills(6);
  for (const auto& text : about_lamps(7)) texts.push_back(text);
  store_texts(acme_, this_month(4), texts);
  const auto stored = discover(day(4));
  EXPECT_EQ(stored.patterns, 2);
  EXPECT_EQ(stored.repeated, 1);
  store_texts(acme_, this_month(5), about_grills(7));
  discover(day(5));
  EXPECT_EQ(owner_value("SELECT count(DISTINCT similar_to) || ' ' || count(similar_to) FROM platform.patterns"), "1 2")
      << "links lead to the first one, not along a chain";
  EXPECT_EQ(owner_value("SELECT count(DISTINCT title) FROM platform.patterns"), "2");
}

TEST_F(Patterns, products_that_many_members_name_belong_to_the_pattern) {
  store_texts(acme_, this_month(3), about_grills(9));
  owner(
      "UPDATE platform.interactions SET products = ARRAY['00000000-0000-4000-8000-0000000000aa'::uuid] || CASE WHEN "
      "description LIKE '%order 1' THEN ARRAY['00000000-0000-4000-8000-0000000000bb'::uuid] ELSE '{}' END");
  discover(day(3));
  EXPECT_EQ(owner_value("SELECT products FROM platform.patterns"), "{00000000-0000-4000-8000-0000000000aa}");
}

TEST_F(Patterns, a_repeated_search_replaces_what_an_earlier_attempt_found) {
  auto texts = about_grills(9);
  for (const auto& text : about_lamps(6)) texts.push_back(text);
  store_texts(acme_, this_month(3), texts);
  bodies::embed_missing_texts(insights_, day(3));
  EXPECT_EQ(bodies::find_patterns(insights_, day(3)).patterns, 2);
  bodies::describe_pattern(insights_, {.period = day(3), .number = 1, .plainly = false});
  owner(
      "DELETE FROM platform.embeddings WHERE subject IN (SELECT id::text FROM platform.interactions WHERE description "
      "LIKE 'Refund%')");
  EXPECT_EQ(bodies::find_patterns(insights_, day(3)).patterns, 1);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.pattern_clusters"), "1");
}

TEST_F(Patterns, an_attempt_that_nobody_waits_for_writes_nothing) {
  store_texts(acme_, this_month(3), about_grills(9));
  bodies::embed_missing_texts(insights_, day(3));
  EXPECT_THROW(bodies::find_patterns(insights_, day(3), [] { return true; }), holdfast::ApplicationError);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.pattern_clusters"), "0");
  bodies::find_patterns(insights_, day(3));
  EXPECT_THROW(bodies::find_patterns(insights_, day(3), [] { return true; }), holdfast::ApplicationError);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.pattern_clusters"), "1");
}

TEST_F(Patterns, a_day_without_texts_or_patterns_is_a_result_too) {
  EXPECT_EQ(discover(day(3)).patterns, 0);
  store_texts(acme_, this_month(3), {"one", "two", "three"});
  EXPECT_EQ(discover(day(3)).patterns, 0);
}

TEST_F(Patterns, only_texts_without_an_embedding_of_the_model_are_embedded) {
  store_texts(acme_, this_month(3), about_grills(230));
  owner("INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript, summary) SELECT '" +
        acme_.to_string() + "', '" + this_month(3) +
        "'::date + interval '12 hours', 'call-' || n, 'AI: hello', CASE n WHEN 1 "
        "THEN 'wants a refund' ELSE '' END FROM generate_series(1, 2) n");
  EXPECT_EQ(bodies::embed_missing_texts(insights_, day(3)).embedded, 232);
  EXPECT_EQ(embedder_.batches, (std::vector<std::size_t>{100, 100, 32}));
  EXPECT_EQ(bodies::embed_missing_texts(insights_, day(3)).embedded, 0);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.embeddings WHERE kind = 'call'"), "2");
  embedder_.model_name = "test-2";
  EXPECT_EQ(bodies::embed_missing_texts(insights_, day(3)).embedded, 232);
  EXPECT_EQ(owner_value("SELECT count(*) || ' ' || min(model) FROM platform.embeddings"), "232 test-2");
}

TEST_F(Patterns, what_was_embedded_stays_when_an_attempt_fails) {
  store_texts(acme_, this_month(3), about_grills(150));
  embedder_.kind = vendors::VendorErrorKind::retry;
  embedder_.refuses = [this](const std::string&) { return embedder_.batches.size() == 1; };
  EXPECT_THROW(bodies::embed_missing_texts(insights_, day(3)), holdfast::ApplicationError);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.embeddings"), "100");
  embedder_.refuses = nullptr;
  EXPECT_EQ(bodies::embed_missing_texts(insights_, day(3)).embedded, 50);
}

TEST_F(Patterns, a_text_that_no_model_takes_keeps_nobody_else_out_and_is_not_tried_for_ever) {
  auto texts = about_grills(9);
  texts.emplace_back("poison");
  store_texts(acme_, this_month(3), texts);
  embedder_.refuses = [](const std::string& text) { return text == "poison"; };
  const auto done = bodies::embed_missing_texts(insights_, day(3));
  EXPECT_EQ(done.embedded, 9);
  EXPECT_EQ(done.refused, 1);
  EXPECT_EQ(bodies::embed_missing_texts(insights_, day(3)).refused, 0);
  EXPECT_EQ(discover(day(3)).patterns, 1);
  embedder_.status = 401;  // a wrong key says nothing about texts
  embedder_.model_name = "test-2";
  EXPECT_THROW(bodies::embed_missing_texts(insights_, day(3)), holdfast::ApplicationError);
}

TEST_F(Patterns, longer_periods_sum_up_what_recurs) {
  for (int number = 1; number <= 3; ++number) {
    store_texts(acme_, this_month(number), about_grills(6 + number));
    if (number == 2) store_texts(acme_, this_month(number + 10), about_lamps(6));
    discover(day(number));
  }
  discover(day(12));
  const PatternPeriod month{acme_, "month", this_month(1)};
  const auto stored = sum_up(month);
  EXPECT_EQ(stored.patterns, 2);
  EXPECT_EQ(stored.repeated, 0) << "links are among periods of one kind";
  EXPECT_EQ(owner_value("SELECT members || ' ' || (evidence ->> 'occurrences') FROM platform.patterns WHERE period = "
                        "'month' AND number = 0"),
            "24 3");
  EXPECT_EQ(owner_value("SELECT (SELECT confidence FROM platform.patterns WHERE period = 'month' AND number = 0) > "
                        "(SELECT max(confidence) FROM platform.patterns WHERE period = 'day')"),
            "t")
      << "recurrence removes doubt";
  EXPECT_EQ(sum_up(month).patterns, 0);
  EXPECT_EQ(
      sum_up({acme_, "all_time", owner_value("SELECT platform.period_end('month', '" + month.start + "')")}).patterns,
      2);
}

TEST_F(Patterns, a_period_of_another_kind_is_refused) {
  EXPECT_THROW(bodies::find_patterns(insights_, {acme_, "week", this_month(1)}), holdfast::ApplicationError);
  EXPECT_THROW(bodies::find_patterns(insights_, {acme_, "day", "yesterday"}), holdfast::ApplicationError);
  EXPECT_THROW(bodies::sum_up_patterns(insights_, {acme_, "day", this_month(1)}), holdfast::ApplicationError);
}

TEST_F(Patterns, roll_ups_start_once_when_their_period_has_ended) {
  owner("INSERT INTO platform.patterns (organization_id, period, period_start, description, confidence) VALUES ('" +
        acme_.to_string() + "', 'day', '2026-11-28', 'x', 0.5)");
  const auto started = [&](const std::string& start) {
    return insight_step(bodies::start_rollups, PatternPeriod{acme_, "day", start}).started;
  };
  EXPECT_EQ(started("2026-11-28"), 0) << "a Saturday; the week and month before have no patterns";
  EXPECT_EQ(started("2026-11-29"), 1);
  EXPECT_EQ(started("2026-11-29"), 0);
  EXPECT_EQ(started("2026-12-02"), 1) << "the month's last day was missed";
  EXPECT_EQ(owner_value("SELECT string_agg(workflow_id, ' ' ORDER BY workflow_id) FROM holdfast.runs"),
            "patterns-" + acme_.to_string() + "-month-2026-11-01 patterns-" + acme_.to_string() + "-week-2026-11-23");
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs WHERE search_attributes @> '{\"OrganizationId\": \"" +
                        acme_.to_string() + "\", \"Period\": \"week\"}'"),
            "1");
  owner("UPDATE platform.patterns SET period = 'month', period_start = '2026-12-01'");
  EXPECT_EQ(insight_step(bodies::start_rollups, PatternPeriod{acme_, "month", "2026-12-01"}).started, 2);
  EXPECT_EQ(
      owner_value("SELECT string_agg(workflow_id, ' ' ORDER BY workflow_id) FROM holdfast.runs WHERE workflow_id ~ "
                  "'year|all_time'"),
      "patterns-" + acme_.to_string() + "-all_time-2027-01-01 patterns-" + acme_.to_string() + "-year-2026-01-01");
}

TEST_F(Patterns, discoveries_start_once_per_organization_and_day) {
  const auto page = insight_step(bodies::start_discoveries, DiscoveryPage{.day = "2026-11-28", .after = {}});
  EXPECT_EQ(page.organizations, 2);
  EXPECT_EQ(page.started, 2);
  EXPECT_EQ(page.last, globex_);
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs WHERE search_attributes @> '{\"OrganizationId\": \"" +
                        acme_.to_string() + "\", \"Period\": \"day\"}'"),
            "1");
  owner("UPDATE platform.organizations SET status = 'suspended' WHERE slug = 'acme'");
  EXPECT_EQ(insight_step(bodies::start_discoveries, DiscoveryPage{.day = "2026-11-28", .after = {}}).started, 0);
  EXPECT_EQ(insight_step(bodies::start_discoveries, DiscoveryPage{.day = "2026-11-29", .after = {}}).started, 1);
  EXPECT_EQ(insight_step(bodies::start_discoveries, DiscoveryPage{.day = "2026-11-29", .after = globex_}).organizations,
            0);
}

TEST_F(Patterns, planted_patterns_of_a_day_are_found_through_the_database) {
  const auto traffic = traffic::make_interactions(
      {.seed = 11, .interactions = 1500, .patterns = 15, .least_members = 15, .call_share = 0});
  std::vector<std::string> texts;
  for (const auto& one : traffic.interactions) texts.push_back(one.text);
  store_texts(acme_, this_month(3), texts);
  const auto stored = discover(day(3));
  EXPECT_GE(stored.patterns, 15);
  EXPECT_LE(stored.patterns, 16);
  std::size_t found = 0;
  for (const auto& planted : traffic.patterns) {
    const auto theme = planted.product.substr(planted.product.rfind(' ') + 1);
    found += owner_value("SELECT count(*) > 0 FROM platform.patterns WHERE evidence -> 'samples' ->> 0 LIKE '%" +
                         theme + "%'") == "t";
  }
  EXPECT_EQ(found, 15u);
}

/// What the doctor finds wrong with interactions and patterns.
TEST_F(Patterns, the_doctor_sees_counters_and_links_that_are_wrong) {
  const auto findings = [&] {
    std::string out;
    for (const auto& check : doctor_checks()) {
      pqxx::nontransaction tx(*owner_);
      for (const auto& row : tx.exec_params(check.sql, 10)) out += std::string(row[0].c_str()) + "\n";
    }
    return out;
  };
  owner(
      "INSERT INTO platform.interaction_ledger (organization_id, interaction_id, created_at, period_start, "
      "prompt_tokens) "
      "VALUES ('" +
      acme_.to_string() + "', gen_random_uuid(), now(), '2026-11-01', 7)");
  owner("INSERT INTO platform.interaction_counters VALUES ('" + acme_.to_string() + "', '2026-11-01', 1, 1, 7)");
  store_texts(acme_, this_month(3), about_grills(9));
  store_texts(acme_, this_month(4), about_grills(9));
  discover(day(3));
  discover(day(4));
  EXPECT_EQ(findings(), "");
  owner("UPDATE platform.interaction_counters SET tokens = 8");
  EXPECT_NE(findings().find("1 interactions of 7 tokens in the ledger, 1 of 8 in the counters"), std::string::npos);
  owner("UPDATE platform.interaction_counters SET tokens = 7");
  owner("UPDATE platform.patterns SET period = 'week' WHERE similar_to IS NULL");
  EXPECT_NE(findings().find("leads to"), std::string::npos);
}

}  // namespace
}  // namespace platform::test
