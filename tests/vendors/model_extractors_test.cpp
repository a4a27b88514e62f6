#include <activities/vendors/gemini_language_model.hpp>
#include <activities/vendors/model_action_item_extractor.hpp>
#include <activities/vendors/openai_language_model.hpp>
#include <tests/vendors/standin_fixture.hpp>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using namespace std::chrono_literals;

const CallText kCall{.transcript = "AI: Hello\nUser: please send the offer", .summary = "An offer is wanted."};

std::string openai_answer(const std::string& content, const std::string& finish, const std::string& refusal = "null") {
  return R"({"choices":[{"index":0,"message":{"role":"assistant","content":")" + content + R"(","refusal":)" + refusal +
         R"(},"finish_reason":")" + finish + R"("}],"model":"m","usage":{"prompt_tokens":5,"completion_tokens":6}})";
}

std::string gemini_answer(const std::string& text, const std::string& finish) {
  return R"({"candidates":[{"content":{"role":"model","parts":[{"text":")" + text + R"("}]},"finishReason":")" +
         finish + R"("}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":6},"modelVersion":"g"})";
}

class OpenAiTest : public StandinTest {
 protected:
  OpenAiConfig config() { return {.base_url = standin.url() + "/v1", .api_key = standin.state().keys.openai}; }
  OpenAiLanguageModel model{client, config()};
  ModelActionItemExtractor extractor{model};
};

class GeminiTest : public StandinTest {
 protected:
  GeminiConfig config() { return {.base_url = standin.url() + "/v1beta", .api_key = standin.state().keys.gemini}; }
  GeminiLanguageModel model{client, config()};
  ModelActionItemExtractor extractor{model};
};

TEST_F(OpenAiTest, AStrictSchemaGoesOutAndItemsComeBack) {
  const auto actions = extractor.extract(kCall);
  ASSERT_EQ(actions.items.size(), 1u);
  EXPECT_EQ(actions.items[0], (ActionItem{.text = "User: please send the offer", .kind = "follow_up"}));
  EXPECT_EQ(actions.model, "gpt-4o-mini");
  EXPECT_GT(actions.prompt_tokens, 0);
  EXPECT_GT(actions.completion_tokens, 0);
}

TEST_F(OpenAiTest, ACallWithoutWorkHasNoItems) {
  EXPECT_TRUE(extractor.extract({.transcript = "AI: Bye"}).items.empty());
}

TEST_F(OpenAiTest, ATruncatedAnswerIsAskedForOnceMoreWithMoreTokens) {
  answer_with(200, openai_answer("{\\\"items\\\":[{\\\"te", "length"));
  EXPECT_EQ(extractor.extract(kCall).items.size(), 1u);
  ASSERT_EQ(journal().size(), 2u);
  EXPECT_NE(journal()[0].request.body.find("\"max_completion_tokens\":2000"), std::string::npos);
  EXPECT_NE(journal()[1].request.body.find("\"max_completion_tokens\":8000"), std::string::npos);
}

TEST_F(OpenAiTest, AnAnswerThatIsTruncatedTwiceIsPermanent) {
  answer_with(200, openai_answer("", "length"), "", 2);
  const auto fault = fault_from([&] { extractor.extract(kCall); });
  EXPECT_EQ(fault.kind, VendorErrorKind::permanent);
  EXPECT_EQ(fault.code, "truncated");
}

TEST_F(OpenAiTest, RefusalsArePermanent) {
  answer_with(200, openai_answer("", "stop", "\"I cannot help with that\""));
  const auto refused = fault_from([&] { extractor.extract(kCall); });
  EXPECT_EQ(refused.kind, VendorErrorKind::permanent);
  EXPECT_EQ(refused.code, "refused");
  EXPECT_EQ(refused.message, "I cannot help with that");
  answer_with(200, openai_answer("", "content_filter"));
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).code, "refused");
}

TEST_F(OpenAiTest, AnswersOutsideTheSchemaAreTriedAgain) {
  for (const auto* content : {"sorry, here it is", "[]", R"({\"items\":{}})", R"({\"items\":[3]})", "{}"}) {
    answer_with(200, openai_answer(content, "stop"));
    const auto fault = fault_from([&] { extractor.extract(kCall); });
    EXPECT_EQ(fault.kind, VendorErrorKind::retry) << content;
    EXPECT_EQ(fault.code, "bad_answer") << content;
  }
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).code, "bad_answer");
}

TEST_F(OpenAiTest, TextsAreCleanedAndKindsAreKnown) {
  answer_with(
      200,
      openai_answer(R"({\"items\":[{\"text\":\"a\\u0000b\",\"kind\":\"dance\",\"due\":7},{\"text\":\"\"}]})", "stop"));
  const auto items = extractor.extract(kCall).items;
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0], (ActionItem{.text = "a b", .kind = "other"}));
}

TEST_F(OpenAiTest, RatesAreRetriedAndAnEmptyAccountIsNot) {
  answer_with(429, R"({"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}})", "2");
  const auto rate = fault_from([&] { extractor.extract(kCall); });
  EXPECT_EQ(rate.kind, VendorErrorKind::retry);
  EXPECT_EQ(rate.retry_after, 2s);
  answer_with(429, R"({"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}})");
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).kind, VendorErrorKind::permanent);
}

TEST_F(OpenAiTest, ABadKeyIsPermanentAndALostAnswerIsRetried) {
  auto bad = config();
  bad.api_key = "sk-wrong";
  OpenAiLanguageModel refused(client, bad);
  EXPECT_EQ(fault_from([&] { ModelActionItemExtractor(refused).extract(kCall); }).code, "invalid_api_key");
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).kind, VendorErrorKind::retry);
}

TEST_F(GeminiTest, ASchemaGoesOutAndItemsComeBack) {
  const auto actions = extractor.extract(kCall);
  ASSERT_EQ(actions.items.size(), 1u);
  EXPECT_EQ(actions.items[0].text, "User: please send the offer");
  EXPECT_EQ(actions.model, "gemini-2.5-flash");
  EXPECT_EQ(journal()[0].request.path, "/v1beta/models/gemini-2.5-flash:generateContent");
}

TEST_F(GeminiTest, TruncationIsAskedForOnceMore) {
  answer_with(200, gemini_answer("{", "MAX_TOKENS"));
  EXPECT_EQ(extractor.extract(kCall).items.size(), 1u);
  answer_with(200, gemini_answer("{", "MAX_TOKENS"), "", 2);
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).code, "truncated");
}

TEST_F(GeminiTest, BlockedPromptsAndSafetyStopsArePermanent) {
  answer_with(200, R"({"promptFeedback":{"blockReason":"SAFETY"}})");
  const auto blocked = fault_from([&] { extractor.extract(kCall); });
  EXPECT_EQ(blocked.kind, VendorErrorKind::permanent);
  EXPECT_EQ(blocked.code, "blocked");
  answer_with(200, gemini_answer("", "RECITATION"));
  const auto refused = fault_from([&] { extractor.extract(kCall); });
  EXPECT_EQ(refused.kind, VendorErrorKind::permanent);
  EXPECT_EQ(refused.code, "refused");
}

TEST_F(GeminiTest, TheDelayInTheDetailsCountsAsRetryAfter) {
  answer_with(429, R"({"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[
      {"@type":"type.googleapis.com/google.rpc.Help"},
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"33.2s"}]}})");
  const auto fault = fault_from([&] { extractor.extract(kCall); });
  EXPECT_EQ(fault.kind, VendorErrorKind::retry);
  EXPECT_EQ(fault.code, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(fault.retry_after, 34s);
}

TEST_F(GeminiTest, SeveralPartsAreOneText) {
  answer_with(
      200, R"({"candidates":[{"content":{"parts":[{"text":"{\"items\":"},{"text":"[]}"}]},"finishReason":"STOP"}]})");
  EXPECT_TRUE(extractor.extract(kCall).items.empty());
}

TEST_F(GeminiTest, ErrorsHaveTheirClasses) {
  auto bad = config();
  bad.api_key = "wrong";
  GeminiLanguageModel refused(client, bad);
  EXPECT_EQ(fault_from([&] { ModelActionItemExtractor(refused).extract(kCall); }).code, "INVALID_ARGUMENT");
  answer_with(503, R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})");
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).kind, VendorErrorKind::retry);
  answer_with(200, gemini_answer("not json", "STOP"));
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).code, "bad_answer");
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { extractor.extract(kCall); }).kind, VendorErrorKind::retry);
}

}  // namespace
}  // namespace platform::vendors
