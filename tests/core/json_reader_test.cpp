#include <holdfast/core/json_reader.hpp>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::string_view_literals;

TEST(JsonReader, KnowsWhatJsonIs) {
  for (const auto text :
       {"{}"sv, "[]"sv, "null"sv, "true"sv, "false"sv, "0"sv, "-0"sv, "1.5e-10"sv, "-12E+3"sv, "\"\""sv,
        "\"\\u0000\\ud83d\\ude00 \\\\ \\/ \\b\""sv, " [ 1 , { \"a\" : [ ] , \"b\" : { } } , [ [ ] , [ 2 ] ] ] "sv,
        "{\"a\":1,\"a\":2}"sv, "\"long enough to use the eight byte steps of the scanner\""sv}) {
    EXPECT_TRUE(is_valid_json(text)) << text;
  }
}

TEST(JsonReader, KnowsWhatItIsNot) {
  for (const auto text :
       {""sv,        " "sv,           "{"sv,        "}"sv,      "["sv,        "]"sv,        "{]"sv,
        "[}"sv,      "[1,]"sv,        "[,1]"sv,     "[1 2]"sv,  "{\"a\"}"sv,  "{\"a\":}"sv, "{\"a\":1,}"sv,
        "{a:1}"sv,   "{1:1}"sv,       "01"sv,       "-"sv,      "1."sv,       ".5"sv,       "1e"sv,
        "+1"sv,      "nul"sv,         "nulll"sv,    "True"sv,   "NaN"sv,      "'a'"sv,      "\"a"sv,
        "\"\\x\""sv, "\"\\u12g4\""sv, "\"\\u12"sv,  "\"\n\""sv, "\"a\0b\""sv, "{}{}"sv,     "1 1"sv,
        "[[]"sv,     "[]]"sv,         "\"\xFF\""sv, "\0"sv,     "{}\0"sv,     "/**/1"sv}) {
    EXPECT_FALSE(is_valid_json(text)) << text;
  }
}

TEST(JsonReader, EveryPrefixOfADocumentIsIncomplete) {
  const auto text = R"({"a":[1,-2.5e3,"x\u00e9\n",{"b":null,"c":[true,false,[]]}],"d":{}})"sv;
  ASSERT_TRUE(is_valid_json(text));
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(is_valid_json(text.substr(0, n))) << n;
}

TEST(JsonReader, NestingHasNoLimit) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_TRUE(is_valid_json(deep));
}

TEST(JsonReader, SlicesValuesWithoutChangingThem) {
  JsonReader in(R"( { "a" : {"x": [1, "]}\""]} , "b" :-1.50 } )");
  std::vector<std::pair<std::string, std::string>> seen;
  in.object([&](std::string_view key) { seen.emplace_back(key, in.raw()); });
  in.end();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].second, R"({"x": [1, "]}\""]})");
  EXPECT_EQ(seen[1].second, "-1.50");
}

TEST(JsonReader, DecodesEscapesAndReplacesHalfSurrogates) {
  EXPECT_EQ(JsonReader(R"("a\u00e9\u4e2d\ud83d\ude00\u0000\"\\\/\b\f\n\r\t")").string(),
            "a\u00e9\u4e2d\U0001F600\0\"\\/\b\f\n\r\t"sv);
  EXPECT_EQ(JsonReader(R"("\ud83d")").string(), "\uFFFD");
  EXPECT_EQ(JsonReader(R"("\ude00x")").string(), "\uFFFDx");
  EXPECT_EQ(JsonReader(R"("\ud83d\u0041")").string(), "\uFFFDA");
}

TEST(JsonReader, IntegersAreExactOrRejected) {
  EXPECT_EQ(JsonReader("9223372036854775807").integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(JsonReader("-9223372036854775808").integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(JsonReader("0").integer(), 0);
  for (const auto* text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                           "99999999999999999999", "1.0", "1e3", "01", "", "-", "\"1\"", "null"}) {
    EXPECT_THROW(JsonReader(text).integer(), HistoryError) << text;
  }
}

TEST(JsonReader, MatchesKeysThatWereWrittenWithEscapes) {
  JsonReader in(R"({"\u0061b":1})");
  in.object([&](std::string_view key) {
    EXPECT_EQ(key, "ab");
    in.skip();
  });
}

}  // namespace
}  // namespace holdfast
