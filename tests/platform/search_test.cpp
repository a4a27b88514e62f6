#include "insight_fixture.hpp"

#include <algorithm>

#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

class SearchTest : public InsightTest {
 protected:
  SearchTest() {
    store_texts(acme_, this_month(3), about_grills(9));
    store_texts(acme_, this_month(4), {"The espresso machine leaks water", "A pigeon sat on the fountain"});
    store_texts(globex_, this_month(3), about_grills(5));
    owner(
        "INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript, summary) VALUES ('" +
        acme_.to_string() + "', '" + this_month(4) +
        "', 'call-7', 'User: my coffee device drips', 'Espresso machine leaks')");
    for (const auto number : {3, 4}) discover({acme_, "day", this_month(number)});
    discover({globex_, "day", this_month(3)});
    // Found the night after, whatever day it is today.
    owner("UPDATE platform.patterns SET created_at = '" + this_month(5) + "'");
    question_ = {.organization_id = acme_,
                 .text = "espresso machine leaking",
                 .since = this_month(1) + "T00:00:00Z",
                 .until = "2100-01-01T00:00:00Z"};
  }
  std::vector<SearchHit> hits() { return bodies::search_knowledge(insights_, question_).hits; }
  std::string kinds() {
    std::string out;
    for (const auto& hit : hits()) out += hit.kind[0];
    return out;
  }

  SearchQuestion question_;
};

TEST_F(SearchTest, meaning_and_words_find_texts_of_every_kind) {
  const auto found = hits();
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(found[0].kind, "call");
  EXPECT_EQ(found[0].id, "call-7");
  EXPECT_EQ(found[0].text, "Espresso machine leaks");
  EXPECT_EQ(found[0].text_rank, 0) << "'leaking' does not occur";
  EXPECT_GT(found[0].similarity, 0.5);
  EXPECT_EQ(found[1].text, "The espresso machine leaks water");
  EXPECT_GT(found[0].score, found[1].score);

  question_.text = "\"garden grill\" delivery";
  const auto grills = hits();
  ASSERT_EQ(grills.size(), 10u);
  EXPECT_EQ(std::ranges::count(grills, "pattern", &SearchHit::kind), 1);
  for (const auto& hit : grills) EXPECT_GT(hit.text_rank, 0) << hit.text;
  EXPECT_TRUE(
      std::ranges::any_of(grills, [](const auto& hit) { return hit.title.find("grill") != std::string::npos; }));
}

TEST_F(SearchTest, stays_within_the_tenant_the_range_and_the_kinds) {
  question_.text = "late delivery of the garden grill";
  for (const auto& hit : hits())
    EXPECT_EQ(owner_value("SELECT count(*) FROM platform.interactions WHERE id::text = '" + hit.id +
                          "' AND organization_id <> '" + acme_.to_string() + "'"),
              "0");
  question_.kinds = {"pattern"};
  EXPECT_EQ(kinds(), "p");
  question_.kinds = {"call"};
  EXPECT_EQ(kinds(), "");
  question_.kinds = {};
  question_.limit = 3;
  EXPECT_EQ(hits().size(), 3u);
  question_.limit = 100;
  question_.until = this_month(3) + "T00:00:05Z";
  EXPECT_EQ(kinds(), "iiiii");
  question_.organization_id = globex_;
  EXPECT_EQ(kinds(), "iiiii");
  question_.since = this_month(20) + "T00:00:00Z";
  question_.until = this_month(21) + "T00:00:00Z";
  EXPECT_EQ(kinds(), "");
}

TEST_F(SearchTest, the_same_question_has_the_same_answer) {
  question_.text = "late delivery";
  const auto once = hits(), twice = hits();
  ASSERT_EQ(once.size(), twice.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].id, twice[i].id);
    EXPECT_EQ(once[i].score, twice[i].score);
  }
}

TEST_F(SearchTest, embeddings_of_another_model_are_not_compared) {
  embedder_.model_name = "test-2";
  for (const auto& hit : hits()) EXPECT_EQ(hit.similarity, 0);
}

TEST_F(SearchTest, bad_questions_are_refused_with_the_field) {
  const auto refused = [&](const std::function<void(SearchQuestion&)>& change, const std::string& field) {
    const auto good = question_;
    change(question_);
    try {
      hits();
      ADD_FAILURE() << field;
    } catch (const holdfast::ApplicationError& e) {
      EXPECT_EQ(e.failure().type, "InvalidQuestion");
      EXPECT_TRUE(e.failure().message.starts_with(field)) << e.failure().message;
    }
    question_ = good;
  };
  refused([](auto& q) { q.text = ""; }, "text");
  refused([](auto& q) { q.text = std::string(501, 'x'); }, "text");
  refused([](auto& q) { q.text = std::string("a\0b", 3); }, "text");
  refused([](auto& q) { q.text = "\xff"; }, "text");
  refused([](auto& q) { q.limit = 0; }, "limit");
  refused([](auto& q) { q.limit = 101; }, "limit");
  refused([](auto& q) { q.kinds = {"order"}; }, "kinds");
  refused([](auto& q) { q.since = "yesterday"; }, "since");
  refused([](auto& q) { q.until = "2026-13-01T00:00:00Z"; }, "until");
}

TEST_F(SearchTest, signs_without_words_find_by_meaning_alone_or_nothing) {
  question_.text = "!!! ---";
  for (const auto& hit : hits()) EXPECT_EQ(hit.text_rank, 0);
}

TEST_F(SearchTest, pgvector_finds_what_comparing_everything_finds) {
  if (owner("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").empty())
    GTEST_SKIP() << "this server has no pgvector";
  const auto traffic =
      traffic::make_interactions({.seed = 3, .interactions = 400, .patterns = 6, .least_members = 20, .call_share = 0});
  std::vector<std::string> texts;
  for (const auto& one : traffic.interactions) texts.push_back(one.text);
  store_texts(acme_, this_month(6), texts);
  discover({acme_, "day", this_month(6)});
  question_.limit = 20;
  const auto answers = [&] {
    std::vector<std::vector<SearchHit>> out;
    for (const auto& pattern : traffic.patterns) {
      question_.text = pattern.theme + " " + pattern.product;
      out.push_back(hits());
    }
    return out;
  };
  owner("ALTER TABLE platform.embeddings DROP COLUMN IF EXISTS embedding");
  owner("ALTER TABLE platform.patterns DROP COLUMN IF EXISTS embedding");
  const auto exact = answers();
  owner("CREATE EXTENSION IF NOT EXISTS vector");
  ASSERT_EQ(owner_value("SELECT platform.adopt_pgvector()"), "t");
  ASSERT_EQ(
      owner_value("SELECT count(*) FROM pg_attribute WHERE attrelid = 'platform.embeddings'::regclass AND attname = "
                  "'embedding' AND NOT attisdropped"),
      "1");
  const auto found = answers();
  for (std::size_t q = 0; q < exact.size(); ++q) {
    ASSERT_EQ(found[q].size(), exact[q].size());
    for (std::size_t i = 0; i < exact[q].size(); ++i) {
      EXPECT_EQ(found[q][i].id, exact[q][i].id) << q << " " << i;
      EXPECT_EQ(found[q][i].similarity, exact[q][i].similarity);
    }
  }
}

}  // namespace
}  // namespace platform::test
