#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/client/limit_reconciliation.hpp>
#include <holdfast/store/memory/memory_store.hpp>

namespace holdfast::client {
namespace {

using store::LimitName;
using store::LimitRule;
using store::LimitScope;
using testing::ElementsAre;
using testing::IsEmpty;

class ClientLimits : public testing::Test {
 protected:
  static LimitName key(std::string name) { return {LimitScope::key, std::move(name)}; }

  store::MemoryStore store_;
  Limits limits_{Client(store_)};
};

TEST_F(ClientLimits, AreSetDescribedListedAndRemoved) {
  limits_.set(key("endpoint/*"), {.max_concurrent = 5}, {.updated_by = "me", .reason = "slow"});
  EXPECT_EQ(limits_.describe(key("endpoint/1")).rule_of, "endpoint/*");
  ASSERT_EQ(limits_.list().size(), 1u);
  EXPECT_EQ(limits_.list()[0].content.reason, "slow");
  limits_.remove(key("endpoint/*"));
  EXPECT_THAT(limits_.list(), IsEmpty());
  EXPECT_THROW(limits_.remove(key("endpoint/*")), NotFoundError);
  EXPECT_THROW(limits_.describe(key("endpoint/1")), NotFoundError);
  EXPECT_THROW(limits_.set(key("k"), {}), store::InvalidArgument);
}

TEST_F(ClientLimits, ReconciliationMakesUpdatesAndReportsButLeavesAnOperatorsLimitAlone) {
  const std::vector<DeclaredLimit> first{{key("a"), {.max_concurrent = 1}, ""}, {key("b/*"), {.rate = 10}, "why"}};
  auto report = reconcile(limits_, first, "file", false);
  EXPECT_THAT(report.created, ElementsAre("key a", "key b/*"));
  report = reconcile(limits_, first, "file", false);
  EXPECT_EQ(report.unchanged, 2);
  limits_.set(key("a"), {.max_concurrent = 7}, {.updated_by = "operator"});
  const std::vector<DeclaredLimit> second{{key("a"), {.max_concurrent = 2}, ""}, {key("b/*"), {.rate = 20}, "why"}};
  report = reconcile(limits_, second, "file", false);
  EXPECT_THAT(report.kept, ElementsAre("key a"));
  EXPECT_THAT(report.updated, ElementsAre("key b/*"));
  EXPECT_EQ(limits_.describe(key("a")).content.rule.max_concurrent, 7);
  report = reconcile(limits_, {}, "file", false);
  EXPECT_THAT(report.undeclared, ElementsAre("key b/*"));
  report = reconcile(limits_, {}, "file", true);
  EXPECT_THAT(report.removed, ElementsAre("key b/*"));
  EXPECT_EQ(limits_.list().size(), 1u);
}

TEST_F(ClientLimits, ADeclaredKeyUnderAClassOfSomebodyElseGetsItsOwnLimit) {
  limits_.set(key("b/*"), {.rate = 1});
  const std::vector<DeclaredLimit> declared{{key("b/1"), {.rate = 10}, ""}};
  EXPECT_THAT(reconcile(limits_, declared, "file", false).created, ElementsAre("key b/1"));
  EXPECT_EQ(limits_.describe(key("b/1")).rule_of, "b/1");
}

}  // namespace
}  // namespace holdfast::client
