#include <activities/vendors/gemini_language_model.hpp>
#include <activities/vendors/keyword_insight_writer.hpp>
#include <activities/vendors/model_insight_writer.hpp>
#include <activities/vendors/openai_language_model.hpp>
#include <tests/vendors/standin_fixture.hpp>

#include <boost/json/serialize.hpp>

#include <memory>

namespace platform::vendors {
namespace {

using standin::FaultMode;

const BusinessContext kBusiness{.organization = "Acme", .products = {"garden grill Vulcan", "table lamp Lumen"}};
const ObservedInteraction kInteraction{
    .business = kBusiness, .source = "web", .content = "Asks for the price of the garden grill Vulcan"};
const PatternEvidence kPattern{.business = kBusiness,
                               .members = 7,
                               .samples = {"Late delivery of the garden grill", "Delivery of the grill is late",
                                           "Where is my late grill delivery"}};

TEST(KeywordInsightWriter, DescribesAnInteractionByItsOwnTextAndFindsProducts) {
  KeywordInsightWriter writer;
  const auto described = writer.describe(kInteraction);
  EXPECT_EQ(described.description, kInteraction.content);
  EXPECT_EQ(described.products, std::vector<std::string>{"garden grill Vulcan"});
}

TEST(KeywordInsightWriter, ReadsTheTextsOfAJsonDocument) {
  KeywordInsightWriter writer;
  const auto described = writer.describe(
      ObservedInteraction{.business = kBusiness,
                          .content = R"({"page": "Table Lamp LUMEN", "clicks": 3, "events": ["zoomed in", "left."]})"});
  EXPECT_EQ(described.description, "Table Lamp LUMEN. zoomed in. left.");
  EXPECT_EQ(described.products, std::vector<std::string>{"table lamp Lumen"});
}

TEST(KeywordInsightWriter, AlwaysSaysSomethingThatCanBeStored) {
  KeywordInsightWriter writer;
  EXPECT_EQ(writer.describe(ObservedInteraction{.source = "cctv"}).description, "(cctv)");
  EXPECT_EQ(writer.describe(ObservedInteraction{.content = std::string("a\0\xff", 3)}).description, "a ?");
  EXPECT_EQ(writer.describe(ObservedInteraction{.content = std::string(5000, 'x')}).description.size(),
            kMostDescriptionBytes);
  EXPECT_FALSE(writer.describe(PatternEvidence{}).title.empty());
  EXPECT_FALSE(writer.describe(PatternEvidence{.members = 1, .samples = {""}}).title.empty());
}

TEST(KeywordInsightWriter, NamesAPatternByTheWordsThatItsTextsShare) {
  const auto described = KeywordInsightWriter().describe(kPattern);
  EXPECT_EQ(described.title, "late delivery grill");
  EXPECT_EQ(described.description, "7 interactions, for example: Late delivery of the garden grill");
}

TEST(GeminiSchema, HasUpperCaseTypesAndKeepsTheNamesOfMembers) {
  const auto schema = object_schema({{"type", string_schema()}, {"list", array_schema(string_schema())}});
  EXPECT_EQ(
      boost::json::serialize(gemini_schema(schema)),
      R"({"type":"OBJECT","properties":{"type":{"type":"STRING"},"list":{"type":"ARRAY","items":{"type":"STRING"}}},)"
      R"("required":["type","list"]})");
}

enum class Vendor { openai, gemini };

class HttpWriter : public StandinTest, public testing::WithParamInterface<Vendor> {
 protected:
  std::unique_ptr<LanguageModel> make() {
    if (GetParam() == Vendor::openai)
      return std::make_unique<OpenAiLanguageModel>(
          client, OpenAiConfig{.base_url = standin.url() + "/v1", .api_key = standin.state().keys.openai});
    return std::make_unique<GeminiLanguageModel>(
        client, GeminiConfig{.base_url = standin.url() + "/v1beta", .api_key = standin.state().keys.gemini});
  }
  /// The vendor's envelope around a text, which must need no escaping but quotes.
  void answer_text(const std::string& text) {
    const auto quoted = boost::json::serialize(boost::json::string(text));
    answer_with(200, GetParam() == Vendor::openai ? R"({"choices":[{"message":{"content":)" + quoted +
                                                        R"(},"finish_reason":"stop"}],"model":"m"})"
                                                  : R"({"candidates":[{"content":{"parts":[{"text":)" + quoted +
                                                        R"(}]},"finishReason":"STOP"}],"modelVersion":"m"})");
  }

  std::unique_ptr<LanguageModel> model = make();
  ModelInsightWriter writer{*model};
};

TEST_P(HttpWriter, DescribesInteractionsWithProductsThatExist) {
  const auto described = writer.describe(kInteraction);
  EXPECT_NE(described.description.find("price of the garden grill Vulcan"), std::string::npos);
  EXPECT_EQ(described.products, std::vector<std::string>{"garden grill Vulcan"});
  EXPECT_GT(described.prompt_tokens, 0);
  answer_text(R"({"description":"d","products":["made up","table lamp Lumen","table lamp Lumen"]})");
  EXPECT_EQ(writer.describe(kInteraction).products, std::vector<std::string>{"table lamp Lumen"});
}

TEST_P(HttpWriter, NamesPatterns) {
  const auto described = writer.describe(kPattern);
  EXPECT_EQ(described.title, kPattern.samples[0]);
  EXPECT_EQ(described.description, kPattern.samples[1]);
  EXPECT_FALSE(described.model.empty());
}

TEST_P(HttpWriter, AnswersOutsideTheSchemaAreTriedAgain) {
  for (const auto* text : {"no", "{}", R"({"title":"","description":"x"})", R"({"description":"d"})",
                           R"({"description":"d","products":[1]})"}) {
    answer_text(text);
    EXPECT_EQ(fault_from([&] { writer.describe(kPattern); }).code, "bad_answer") << text;
    answer_text(text);
    const auto fault = fault_from([&] { writer.describe(kInteraction); });
    EXPECT_EQ(fault.code, "bad_answer") << text;
    EXPECT_EQ(fault.kind, VendorErrorKind::retry) << text;
  }
}

TEST_P(HttpWriter, LongAndDirtyTextsAreCutAndCleaned) {
  answer_text("{\"title\":\"" + std::string(500, 't') + "\\u0000\",\"description\":\"a\\u0000b\"}");
  const auto described = writer.describe(kPattern);
  EXPECT_EQ(described.title.size(), kMostTitleBytes);
  EXPECT_EQ(described.description, "a b");
}

TEST_P(HttpWriter, ErrorsHaveTheirClasses) {
  answer_with(429, "{}");
  EXPECT_EQ(fault_from([&] { writer.describe(kPattern); }).kind, VendorErrorKind::retry);
  answer_with(404, "{}");
  EXPECT_EQ(fault_from([&] { writer.describe(kPattern); }).kind, VendorErrorKind::permanent);
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { writer.describe(kPattern); }).kind, VendorErrorKind::retry);
}

INSTANTIATE_TEST_SUITE_P(Vendors, HttpWriter, testing::Values(Vendor::openai, Vendor::gemini),
                         [](const auto& info) { return info.param == Vendor::openai ? "OpenAi" : "Gemini"; });

}  // namespace
}  // namespace platform::vendors
