#include <gtest/gtest.h>

#include <holdfast/visibility/decimal.hpp>
#include <holdfast/visibility/evaluate.hpp>
#include <holdfast/visibility/parse.hpp>
#include <holdfast/visibility/times.hpp>

namespace holdfast::visibility {
namespace {

Subject subject() {
  Subject run{.workflow_id = "order-17", .workflow_type = "Order", .task_queue = "orders", .status = "failed"};
  run.run_id = Uuid::parse("0190d1f0-7b5e-7cc3-98c4-dc0c0c07398f");
  run.start_time = parse_rfc3339("2026-11-30T10:00:00Z");
  run.close_time = parse_rfc3339("2026-11-30T11:30:00Z");
  run.attributes = read_attributes(R"({"Stage":"billing","Cents":450,"Big":9007199254740993,"Paid":true,
    "Tags":["eu","vip"],"None":null,"Empty":[],"Due":"2026-12-01T01:00:00+01:00","Odd":{"a":1},"Mixed":["x",1]})");
  return run;
}

bool holds(std::string_view filter) { return matches(parse_filter(filter), subject()); }

TEST(Evaluate, BuiltInFieldsAreCompared) {
  for (const auto* filter :
       {"", "WorkflowId = 'order-17'", "WorkflowId STARTS_WITH 'order'", "WorkflowType IN ('A', 'Order')",
        "TaskQueue > 'ordeR'", "ExecutionStatus = 'Failed'", "ExecutionStatus != 'Completed'",
        "StartTime >= '2026-11-30'", "StartTime BETWEEN '2026-11-30T10:00:00Z' AND '2026-11-30T10:00:00Z'",
        "CloseTime > '2026-11-30T11:29:59Z'", "ExecutionDuration = '90m'", "ExecutionDuration < '2h'",
        "RunId = '0190D1F0-7B5E-7CC3-98C4-DC0C0C07398F'", "ParentRunId IS NULL", "ParentWorkflowId IS NULL"})
    EXPECT_TRUE(holds(filter)) << filter;
  for (const auto* filter : {"WorkflowId = 'order-1'", "WorkflowType = 'order'", "ExecutionStatus = 'Running'",
                             "StartTime < '2026-11-30'", "CloseTime IS NULL", "ParentWorkflowId = 'x'"})
    EXPECT_FALSE(holds(filter)) << filter;
}

TEST(Evaluate, AttributesAreComparedByTheirKind) {
  for (const auto* filter : {"Stage = 'billing'",
                             "Stage IN ('x', 'billing')",
                             "Stage STARTS_WITH 'bill'",
                             "Stage > 'Billing'",
                             "Cents = 450",
                             "Cents = 4.50e2",
                             "Cents BETWEEN 449.9 AND 450",
                             "Big > 9007199254740992",
                             "Paid = true",
                             "Paid != false",
                             "Tags = 'eu'",
                             "Tags IN ('x', 'vip')",
                             "Tags STARTS_WITH 'v'",
                             "Empty != 'x'",
                             "Empty IS NOT NULL",
                             "None IS NULL",
                             "Missing IS NULL",
                             "Odd IS NOT NULL",
                             "Due >= '2026-12-01T00:00:00Z'",
                             "Due < '2026-12-01T00:00:01Z'"})
    EXPECT_TRUE(holds(filter)) << filter;
}

TEST(Evaluate, AnotherKindIsNotEqualAndInNoOrder) {
  for (const auto* filter :
       {"Stage = 5", "Stage < 5", "Stage >= 5", "Cents = '450'", "Cents STARTS_WITH '4'", "Paid = 'true'", "Tags < 'x'",
        "Odd = 'x'", "Mixed = 'x'", "Stage >= '2026-12-01T00:00:00Z'"})
    EXPECT_FALSE(holds(filter)) << filter;
  for (const auto* filter : {"Stage != 5", "NOT Stage < 5", "Cents NOT IN ('450')", "NOT Tags < 'x'"})
    EXPECT_TRUE(holds(filter)) << filter;
}

TEST(Evaluate, WhatComparesANullIsUnknownAndSoIsItsNegation) {
  for (const auto* filter : {"Missing = 'x'", "Missing != 'x'", "NOT Missing = 'x'", "None != 'x'",
                             "Missing NOT IN ('x')", "NOT (Missing = 'x' AND Cents = 450)", "ParentWorkflowId != 'x'",
                             "NOT ParentRunId IN ('0190d1f0-7b5e-7cc3-98c4-dc0c0c07398f')"})
    EXPECT_FALSE(holds(filter)) << filter;
  for (const auto* filter : {"NOT (Missing = 'x' AND Cents = 1)", "Missing = 'x' OR Cents = 450"})
    EXPECT_TRUE(holds(filter)) << filter;
}

TEST(DecimalNumbers, AreComparedExactly) {
  const std::vector<std::string> rising{
      "-1e300", "-10.5", "-10", "-0.1", "0",   "1e-300",           "0.099999",         "0.1",  "1", "1.5",
      "2",      "9.99",  "10",  "99",   "100", "9007199254740992", "9007199254740993", "1e300"};
  for (std::size_t i = 0; i < rising.size(); ++i)
    for (std::size_t j = 0; j < rising.size(); ++j)
      EXPECT_EQ(*Decimal::parse(rising[i]) <=> *Decimal::parse(rising[j]), i <=> j) << rising[i] << " " << rising[j];
  for (const auto& [a, b] : {std::pair("100", "1e2"), std::pair("0.50", "5E-1"), std::pair("-0", "0.000"),
                             std::pair("0.001e3", "1"), std::pair("1200e-2", "12")})
    EXPECT_EQ(*Decimal::parse(a), *Decimal::parse(b)) << a;
  for (const auto* text : {"", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1 ", "1e999999999999", "NaN"})
    EXPECT_FALSE(Decimal::parse(text)) << text;
}

TEST(AttributeTimes, HaveOneForm) {
  EXPECT_EQ(attribute_time("2026-11-30T17:13:15.5+01:00"), parse_rfc3339("2026-11-30T16:13:15.5Z"));
  for (const auto* text : {"2026-11-30", "2026-11-30 17:13:15Z", "2026-11-30T17:13:15", "2026-11-30T17:13:60Z",
                           "2026-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "2026-11-30T17:13:15+15:00",
                           "2026-11-30T17:13:15.1234567Z", "2026-11-30T17:13:15.Z", "2026-11-30t17:13:15z", ""})
    EXPECT_FALSE(attribute_time(text)) << text;
}

}  // namespace
}  // namespace holdfast::visibility
