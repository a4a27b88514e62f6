#include "insight_fixture.hpp"

#include <chrono>
#include <thread>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

class Interactions : public InsightTest {
 protected:
  struct Posted {
    bool is_new = false;
    InteractionKey key;
  };
  Posted post(const std::string& id, const std::string& content, const std::string& occurred_at = "") {
    pqxx::work tx(*connection_);
    const auto row = tx.exec_params1(
        "SELECT is_new, platform.utc_text(created_at) FROM platform.post_interaction($1::uuid, $2::uuid, 'web', $3, "
        "'session-1', nullif($4, '')::timestamptz)",
        acme_.to_string(), id, content, occurred_at);
    tx.commit();
    return {row[0].as<bool>(), {acme_, holdfast::Uuid::parse(id), holdfast::parse_rfc3339(row[1].c_str())}};
  }
  void add_product(const std::string& name) {
    owner("INSERT INTO platform.products (organization_id, name) VALUES ('" + acme_.to_string() + "', '" + name + "')");
  }

  const std::string kFirst = "00000000-0000-4000-8000-000000000001";
  const std::string kSecond = "00000000-0000-4000-8000-000000000002";
};

TEST_F(Interactions, a_post_files_the_event_and_starts_the_run_in_its_own_commit) {
  {
    pqxx::work tx(*connection_);
    tx.exec_params("SELECT platform.post_interaction($1::uuid, $2::uuid, 'web', 'x')", acme_.to_string(), kFirst);
  }
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs"), "0");
  const auto posted = post(kFirst, "hello");
  EXPECT_TRUE(posted.is_new);
  EXPECT_EQ(owner_value("SELECT workflow_id || ' ' || workflow_type || ' ' || task_queue FROM holdfast.runs"),
            "interaction-" + acme_.to_string() + "-" + kFirst + " InteractionProcessing interactions");
  EXPECT_EQ(holdfast::decode<InteractionKey>(owner_value("SELECT input FROM holdfast.runs")), posted.key);
  EXPECT_EQ(owner_value("SELECT concat(search_attributes ->> 'OrganizationId', ' ', search_attributes ->> "
                        "'InteractionId') FROM holdfast.runs"),
            acme_.to_string() + " " + kFirst);
  EXPECT_EQ(owner_value("SELECT source || session_id || content FROM platform.interaction_events"),
            "websession-1hello");
}

TEST_F(Interactions, a_repeated_post_changes_nothing_whatever_it_says) {
  const auto first = post(kFirst, "hello");
  const auto again = post(kFirst, "another text", "2026-11-02T00:00:00Z");
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.key, first.key);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.interaction_events"), "1");
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs"), "1");
  EXPECT_TRUE(post(kSecond, "hello").is_new);
}

TEST_F(Interactions, posts_of_one_id_at_the_same_moment_are_one) {
  // The second is under way while the first has not committed: it waits, and then finds it.
  pqxx::connection other(runtime_);
  const auto sql = "SELECT is_new, platform.utc_text(created_at) FROM platform.post_interaction('" + acme_.to_string() +
                   "', '" + kFirst + "', 'web', 'hello', occurred_at => $1::timestamptz)";
  pqxx::work first(*connection_);
  const auto one = first.exec_params1(sql, this_month(2) + "T10:00:00Z");
  EXPECT_TRUE(one[0].as<bool>());
  const auto later = this_month(3) + "T10:00:00Z";
  pqxx::row two;
  std::thread second([&] {
    pqxx::work tx(other);
    two = tx.exec_params1(sql, later);
    tx.commit();
  });
  const auto waits = [&] {
    return owner_value("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')") !=
           "0";
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!waits() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  first.commit();
  second.join();
  EXPECT_FALSE(two[0].as<bool>());
  EXPECT_STREQ(two[1].c_str(), one[1].c_str());
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.interaction_events"), "1");
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs"), "1");
}

TEST_F(Interactions, posts_of_unknown_organizations_and_sources_are_refused) {
  pqxx::connection other(runtime_);
  EXPECT_THROW(
      pqxx::work(other).exec("SELECT platform.post_interaction(gen_random_uuid(), gen_random_uuid(), 'web', 'x')"),
      pqxx::foreign_key_violation);
  EXPECT_THROW(pqxx::work(other).exec("SELECT platform.post_interaction('" + acme_.to_string() +
                                      "', gen_random_uuid(), 'telepathy', 'x')"),
               pqxx::check_violation);
  EXPECT_THROW(
      pqxx::work(other).exec("SELECT platform.post_interaction('" + acme_.to_string() + "', NULL, 'web', 'x')"),
      pqxx::sql_error);
}

TEST_F(Interactions, are_described_with_the_organizations_products) {
  add_product("garden grill Vulcan");
  add_product("table lamp");
  const auto posted = post(kFirst, R"({"page": "The garden grill Vulcan", "clicks": 3})");
  const auto text = bodies::describe_interaction(insights_, {.interaction = posted.key, .plainly = false});
  EXPECT_EQ(text.description, "The garden grill Vulcan");
  ASSERT_EQ(text.products.size(), 1u);
  EXPECT_EQ(text.products[0].to_string(), owner_value("SELECT id FROM platform.products WHERE name LIKE '%grill%'"));
  EXPECT_EQ(text.prompt_tokens, 30);
}

TEST_F(Interactions, a_missing_event_fails_for_good_and_a_refusing_model_too_unless_plainly) {
  const auto posted = post(kFirst, "hello");
  writer_.fails = true;
  EXPECT_THROW(bodies::describe_interaction(insights_, {.interaction = posted.key, .plainly = false}),
               holdfast::ApplicationError);
  EXPECT_EQ(bodies::describe_interaction(insights_, {.interaction = posted.key, .plainly = true}).description, "hello");
  auto unknown = posted.key;
  unknown.id = holdfast::Uuid::parse(kSecond);
  try {
    bodies::describe_interaction(insights_, {.interaction = unknown, .plainly = true});
    FAIL();
  } catch (const holdfast::ApplicationError& e) {
    EXPECT_EQ(e.failure().type, "EventNotFound");
    EXPECT_TRUE(e.failure().non_retryable);
  }
}

TEST_F(Interactions, are_stored_and_counted_exactly_once) {
  const auto posted = post(kFirst, "hello");
  const auto product = holdfast::Uuid::parse("00000000-0000-4000-8000-0000000000aa");
  const StoreInteraction in{.interaction = posted.key,
                            .text = {.description = "says hello",
                                     .products = {product},
                                     .model = "m",
                                     .prompt_tokens = 30,
                                     .completion_tokens = 12}};
  EXPECT_TRUE(insight_step(bodies::store_interaction, in).counted);
  EXPECT_FALSE(insight_step(bodies::store_interaction, in).counted);
  auto elsewhere = in;
  elsewhere.interaction.created_at += std::chrono::hours(1);
  EXPECT_FALSE(insight_step(bodies::store_interaction, elsewhere).counted);
  EXPECT_EQ(owner_value("SELECT description || ' ' || session_id || ' ' || products[1] FROM platform.interactions"),
            "says hello session-1 " + product.to_string());
  EXPECT_EQ(
      owner_value("SELECT interactions || ' ' || tokens FROM platform.organization_interactions WHERE slug = 'acme'"),
      "1 42");
  EXPECT_FALSE(post(kFirst, "hello", "2026-11-02T00:00:00Z").is_new);
}

TEST_F(Interactions, are_embedded_idempotently) {
  const auto posted = post(kFirst, "hello");
  insight_step(bodies::store_interaction, StoreInteraction{posted.key, {.description = "garden grill"}});
  bodies::embed_interaction(insights_, posted.key);
  bodies::embed_interaction(insights_, posted.key);
  EXPECT_EQ(owner_value("SELECT string_agg(kind || ' ' || model || ' ' || subject, ',') FROM platform.embeddings"),
            "interaction test-1 " + kFirst);
  EXPECT_EQ(owner_value("SELECT round(sum(v * v)::numeric, 3) FROM platform.embeddings, "
                        "unnest(platform.embedding_values(code)) v"),
            "1.000");
}

TEST_F(Interactions, a_step_that_was_given_up_is_in_the_audit_log) {
  const auto posted = post(kFirst, "hello");
  insight_step(bodies::record_interaction_failure, InteractionFailure{posted.key, "embedding", "no"});
  EXPECT_EQ(owner_value("SELECT action || ' ' || subject || ' ' || (detail ->> 'step') FROM platform.audit_log"),
            "interaction.step_failed " + kFirst + " embedding");
}

}  // namespace
}  // namespace platform::test
