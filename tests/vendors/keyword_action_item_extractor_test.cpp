#include <activities/vendors/keyword_action_item_extractor.hpp>
#include <activities/vendors/text.hpp>

#include <gtest/gtest.h>

namespace platform::vendors {
namespace {

std::vector<ActionItem> items(std::string transcript) {
  return KeywordActionItemExtractor().extract({.transcript = std::move(transcript)}).items;
}

TEST(KeywordActionItemExtractor, FindsPromisesWithKindAndDueTime) {
  const auto found = items(
      "AI: Hello, how can I help you?\n"
      "User: I'd like to book a table. Can you call me back tomorrow at 10?\n"
      "AI: Of course! We will email you the menu by Friday.\n"
      "User: Great weather, isn't it?\n");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], (ActionItem{.text = "I'd like to book a table", .kind = "appointment"}));
  EXPECT_EQ(found[1],
            (ActionItem{.text = "Can you call me back tomorrow at 10", .kind = "callback", .due = "tomorrow at 10"}));
  EXPECT_EQ(
      found[2],
      (ActionItem{.text = "We will email you the menu by Friday", .kind = "send_information", .due = "by Friday"}));
}

TEST(KeywordActionItemExtractor, FindsNothingInNothing) {
  EXPECT_TRUE(items("").empty());
  EXPECT_TRUE(items("...!!!???\n\n \n").empty());
  EXPECT_TRUE(items("I saw it on Facebook.").empty());  // not "book"
}

TEST(KeywordActionItemExtractor, KeepsFullStopsInsideWordsAndDropsRepetitions) {
  const auto found = items("User: Please call back at 10.30 today. Please call back at 10.30 today.");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, "Please call back at 10.30 today");
}

TEST(KeywordActionItemExtractor, IsBoundedAndAcceptsAnyBytes) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "call me back " + std::to_string(i) + ".\n";
  EXPECT_EQ(items(many).size(), kMostActionItems);
  const auto found = items("call me back \xff" + std::string(5000, 'x') + std::string(1, '\0'));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text.size(), kMostActionTextBytes);
  EXPECT_TRUE(found[0].text.starts_with("call me back ?xxx"));
}

TEST(TextPrefix, NeverCutsACharacterAndReplacesWhatIsNotText) {
  EXPECT_EQ(text_prefix("añb", 3), "añ");
  EXPECT_EQ(text_prefix("añb", 2), "a");
  EXPECT_EQ(text_prefix("€", 2), "");
  EXPECT_EQ(text_prefix("\xF0\x9F\x98\x80", 4), "\xF0\x9F\x98\x80");
  EXPECT_EQ(text_prefix("\xC0\x80", 9), "??");            // overlong NUL
  EXPECT_EQ(text_prefix("\xED\xA0\x80", 9), "???");       // surrogate
  EXPECT_EQ(text_prefix("\xF4\x90\x80\x80", 9), "????");  // beyond Unicode
  EXPECT_EQ(text_prefix("\xE2\x82", 9), "??");            // cut off
  EXPECT_EQ(text_prefix(std::string_view("a\0b", 3), 9), "a b");
}

TEST(FormEncoding, EscapesWhatFormsReserve) { EXPECT_EQ(form_encoded("+1 a&b=c/ü~"), "%2B1%20a%26b%3Dc%2F%C3%BC%7E"); }

}  // namespace
}  // namespace platform::vendors
