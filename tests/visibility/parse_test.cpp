#include <gmock/gmock.h>

#include <holdfast/visibility/parse.hpp>
#include <holdfast/visibility/print.hpp>

namespace holdfast::visibility {
namespace {

using testing::HasSubstr;

std::string reprinted(std::string_view text) { return to_text(parse_filter(text)); }

/// The message for a filter that is not allowed.
std::string refusal(std::string_view text) {
  try {
    parse_filter(text);
  } catch (const FilterError& error) {
    return error.what();
  }
  ADD_FAILURE() << text << " was allowed";
  return "";
}

TEST(ParseFilter, AnEmptyTextMeansEveryRun) {
  EXPECT_TRUE(parse_filter("").matches_everything());
  EXPECT_TRUE(parse_filter(" \t\r\n").matches_everything());
}

TEST(ParseFilter, EveryOperatorIsReadAndPrinted) {
  for (const auto& [text, printed] : std::vector<std::pair<const char*, const char*>>{
           {"WorkflowType = 'Order'", "WorkflowType = 'Order'"},
           {"WorkflowType==\"Order\"", "WorkflowType = 'Order'"},
           {"A != 'x'", "NOT (`A` = 'x')"},
           {"A <> 'x'", "NOT (`A` = 'x')"},
           {"A<5", "`A` < 5"},
           {"A <= -5.50e3", "`A` <= -5.50e3"},
           {"A > 'x'", "`A` > 'x'"},
           {"A >= 'x'", "`A` >= 'x'"},
           {"A BETWEEN 1 AND 2", "`A` >= 1 AND `A` <= 2"},
           {"A NOT BETWEEN 1 AND 2", "NOT (`A` >= 1 AND `A` <= 2)"},
           {"A IN ('x', 5, true)", "`A` IN ('x', 5, true)"},
           {"A NOT IN (\"x\")", "NOT (`A` = 'x')"},
           {"A STARTS_WITH 'x'", "`A` STARTS_WITH 'x'"},
           {"WorkflowId not starts_with 'x'", "NOT (WorkflowId STARTS_WITH 'x')"},
           {"A IS NULL", "`A` IS NULL"},
           {"A is not null", "NOT (`A` IS NULL)"},
           {"CloseTime IS NULL", "CloseTime IS NULL"},
           {"A = false", "`A` = false"},
           {"NOT A = 1", "NOT (`A` = 1)"},
           {"(A = 1)", "`A` = 1"}}) {
    EXPECT_EQ(reprinted(text), printed) << text;
    EXPECT_EQ(reprinted(printed), printed);
  }
}

TEST(ParseFilter, NotBindsTighterThanAndAndAndTighterThanOr) {
  EXPECT_EQ(reprinted("A=1 OR B=2 AND NOT C=3 AND D=4"), "`A` = 1 OR (`B` = 2 AND NOT (`C` = 3) AND `D` = 4)");
  EXPECT_EQ(reprinted("(A=1 OR B=2) AND C=3"), "(`A` = 1 OR `B` = 2) AND `C` = 3");
  EXPECT_EQ(reprinted("A BETWEEN 1 AND 2 AND B=3"), "(`A` >= 1 AND `A` <= 2) AND `B` = 3");
}

TEST(ParseFilter, QuotesWithinTextsAndNamesAreDoubled) {
  EXPECT_EQ(std::get<std::string>(parse_filter("A = 'it''s'").values.at(0)), "it's");
  EXPECT_EQ(std::get<std::string>(parse_filter(R"(A = "a""b'\n")").values.at(0)), "a\"b'\\n");
  EXPECT_EQ(std::get<std::string>(parse_filter("A = ''").values.at(0)), "");
  EXPECT_EQ(parse_filter("`order-no.x` = 1").column.attribute, "order-no.x");
  EXPECT_EQ(parse_filter("`AND` = 1").column.attribute, "AND");
  EXPECT_EQ(parse_filter("order.no_2 = 1").column.attribute, "order.no_2");
}

TEST(ParseFilter, BuiltInNamesHaveTypedValues) {
  EXPECT_EQ(std::get<std::string>(parse_filter("ExecutionStatus = 'TimedOut'").values[0]), "timed_out");
  EXPECT_EQ(std::get<std::string>(parse_filter("ExecutionStatus = 'continued_as_new'").values[0]), "continued_as_new");
  EXPECT_EQ(std::get<Timestamp>(parse_filter("StartTime > '2026-11-30T17:13:15.5+01:00'").values[0]),
            parse_rfc3339("2026-11-30T16:13:15.5Z"));
  EXPECT_EQ(std::get<Timestamp>(parse_filter("CloseTime < '2026-11-30'").values[0]),
            parse_rfc3339("2026-11-30T00:00:00Z"));
  EXPECT_EQ(std::get<Duration>(parse_filter("ExecutionDuration >= '1h30m'").values[0]), std::chrono::minutes(90));
  EXPECT_EQ(std::get<Uuid>(parse_filter("ParentRunId = '0190d1f0-7b5e-7cc3-98c4-dc0c0c07398f'").values[0]).to_string(),
            "0190d1f0-7b5e-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(parse_filter("ScheduleId = 'nightly'"), parse_filter("ScheduledById = 'nightly'"));
  EXPECT_EQ(reprinted("ScheduledById = 'nightly'"), "ScheduleId = 'nightly'");
}

TEST(ParseFilter, ErrorsShowThePlaceAndWhatIsAllowed) {
  EXPECT_EQ(refusal("WorkflowType = AND"),
            "filter, at 16: AND is no value of WorkflowType (texts stand in quotes); allowed: a text in quotes\n"
            "  WorkflowType = AND\n"
            "                 ^");
  EXPECT_THAT(refusal("Ort = 'Köln' XOR A = 1"), HasSubstr("at 14: XOR is too much; allowed: AND, OR, or the end\n"
                                                           "  Ort = 'Köln' XOR A = 1\n"
                                                           "               ^"))
      << "places are counted in characters";
}

TEST(ParseFilter, EveryMistakeIsNamed) {
  for (const auto& [text, why] : std::vector<std::pair<std::string, const char*>>{
           {"WorkflowType", "the end after WorkflowType; allowed: = != < <= > >=, IN"},
           {"WorkflowType =", "the value of WorkflowType is missing"},
           {"= 'x'", "= where a name is needed; allowed: WorkflowId, RunId"},
           {"'x' = 'x'", "'x' is a value where a name is needed"},
           {"AND", "AND where a name is needed"},
           {"A = 'x", "no ' ends this"},
           {"A = `x`", "x is no value of A"},
           {"`A = 1", "no ` ends this"},
           {"A = NULL", "nothing is equal to NULL; allowed: IS NULL, IS NOT NULL"},
           {"A = 1 AND", "the end where a name is needed"},
           {"(A = 1", "the end where ) closes the parenthesis"},
           {"A = 1)", ") is too much"},
           {"A = 1 B = 2", "B is too much"},
           {"A # 1", "'#' means nothing here"},
           {"A = 12abc", "12abc is no value of A"},
           {"A = 01", "01 is no value of A"},
           {"A = 1e9999999", "1e9999999 is no value of A"},
           {"A IS 5", "5 after IS; allowed: NULL, NOT NULL"},
           {"A NOT 5", "5 after NOT; allowed: IN, BETWEEN, STARTS_WITH"},
           {"A IN 5", "5 where ( opens the list of IN"},
           {"A IN ()", ") is no value of A"},
           {"A IN (1 2)", "2 where ) or , goes on"},
           {"A BETWEEN 1 OR 2", "OR after the first value of BETWEEN; allowed: AND"},
           {"A < true", "true and false have no order"},
           {"A STARTS_WITH 5", "STARTS_WITH compares texts"},
           {"RunId STARTS_WITH '0'", "STARTS_WITH compares texts; allowed: WorkflowId"},
           {"ExecutionStatus < 'Failed'", "ExecutionStatus has no order"},
           {"RunId BETWEEN 'a' AND 'b'", "RunId has no order"},
           {"ExecutionStatus = 'Done'",
            "'Done' is no value of ExecutionStatus; allowed: one of these in quotes: Running"},
           {"RunId = 'x'", "'x' is no value of RunId; allowed: a run id in quotes"},
           {"StartTime > 5", "5 is no value of StartTime; allowed: a time in quotes"},
           {"StartTime > '2026-02-30'", "'2026-02-30' is no value of StartTime"},
           {"ExecutionDuration > '5 minutes'", "allowed: a length of time in quotes, such as '90s'"},
           {"WorkflowType = 5", "5 is no value of WorkflowType; allowed: a text in quotes"},
           {"workflowtype = 'x'", "there is no workflowtype; allowed: WorkflowType"},
           {"HistoryLength > 5", "HistoryLength is not kept; allowed: WorkflowId"},
           {"`a b` = 1", "no search attribute has such a name"},
           {"A = 1 ORDER BY StartTime", "lists have one order, the newest start first"},
           {std::string("A = '\0'", 7), "holds a NUL byte, at byte 6"},
           {"A = '\xff'", "is not valid UTF-8"},
           {std::string(kMaxFilterBytes + 1, ' '), "has 16385 bytes; allowed: at most 16384"}}) {
    EXPECT_THAT(refusal(text), HasSubstr(why)) << text;
  }
}

TEST(ParseFilter, DepthAndListsAreLimited) {
  const std::string open(kMaxDepth - 1, '('), close(kMaxDepth - 1, ')');
  EXPECT_EQ(reprinted(open + "A = 1" + close), "`A` = 1");
  EXPECT_THAT(refusal(std::string(4000, '(')), HasSubstr("nested deeper than 50"));
  std::string nots;
  for (int i = 0; i < 4000; ++i) nots += "NOT ";
  EXPECT_THAT(refusal(nots + "A = 1"), HasSubstr("nested deeper than 50"));
  std::string list = "A IN (0";
  for (std::size_t i = 1; i < kMaxListedValues; ++i) list += "," + std::to_string(i);
  EXPECT_EQ(parse_filter(list + ")").values.size(), kMaxListedValues);
  EXPECT_THAT(refusal(list + ", 5)"), HasSubstr("more than 200 values of one IN"));
}

TEST(ParseFilter, ALongFilterIsShownAroundItsMistake) {
  const auto message = refusal("A = '" + std::string(500, 'x') + "' AND ? AND B = '" + std::string(500, 'y') + "'");
  EXPECT_THAT(message, HasSubstr("...xxxx"));
  EXPECT_THAT(message, HasSubstr("' AND ? AND B"));
  EXPECT_LT(message.size(), 400u);
}

TEST(ParseGroupBy, TakesStatusTypeQueueAndAttributes) {
  EXPECT_EQ(parse_group_by("ExecutionStatus"), Column{Field::execution_status});
  EXPECT_EQ(parse_group_by(" `order-no` "), (Column{Field::attribute, "order-no"}));
  EXPECT_EQ(parse_group_by("ScheduleId"), (Column{Field::attribute, "ScheduledById"}));
  for (const auto* text : {"", "StartTime", "WorkflowId", "A B", "executionstatus", "A, B"})
    EXPECT_THROW(parse_group_by(text), FilterError) << text;
}

}  // namespace
}  // namespace holdfast::visibility
