#include <activities/standin/model_answer.hpp>
#include <activities/vendors/gemini_embedder.hpp>
#include <activities/vendors/ngram_embedder.hpp>
#include <activities/vendors/openai_embedder.hpp>
#include <tests/vendors/standin_fixture.hpp>

#include <cmath>
#include <limits>
#include <memory>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using namespace std::chrono_literals;

double dot(const Embedding& a, const Embedding& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

Embedding local(const std::string& text) { return NgramEmbedder().embed({&text, 1}).embeddings.at(0); }

TEST(NgramEmbedder, MakesUnitVectorsThatFollowTheWording) {
  const auto late = local("The delivery of the espresso machine is late");
  EXPECT_EQ(late.size(), kEmbeddingDimensions);
  EXPECT_NEAR(dot(late, late), 1, 1e-5);
  const auto also_late = local("Late delivery of an ESPRESSO machine!");
  const auto other = local("A pigeon sat on the fountain");
  EXPECT_GT(dot(late, also_late), 0.6);
  EXPECT_LT(std::abs(dot(late, other)), 0.15);
}

TEST(NgramEmbedder, TakesAnyBytesAndGivesTheSameForTheSame) {
  for (const std::string& text : {std::string(), std::string(" .,"), std::string("\0\xff\xfe", 3),
                                  std::string("größe 大きさ размер"), std::string(1 << 20, 'x')}) {
    const auto once = local(text);
    EXPECT_NEAR(dot(once, once), 1, 1e-5);
    EXPECT_EQ(once, local(text));
  }
  EXPECT_EQ(local(""), local("the of"));
  EXPECT_GT(dot(local("größe"), local("die größe")), 0.5);
}

TEST(NgramEmbedder, KeepsTheOrderOfABatch) {
  const std::vector<std::string> texts{"one apple", "two pears", "three plums"};
  const auto batch = NgramEmbedder().embed(texts).embeddings;
  ASSERT_EQ(batch.size(), 3u);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(batch[i], local(texts[i]));
}

/// What the stand-ins send for a text, normalised.
Embedding sent(const std::string& text) {
  const boost::json::value numbers = standin::embedding_answer(text);
  return unit_embedding(&numbers, "test");
}

/// Each test holds for both vendors.
enum class Vendor { openai, gemini };

class HttpEmbedder : public StandinTest, public testing::WithParamInterface<Vendor> {
 protected:
  std::unique_ptr<Embedder> make(std::string key) {
    if (GetParam() == Vendor::openai)
      return std::make_unique<OpenAiEmbedder>(
          client, OpenAiConfig{.base_url = standin.url() + "/v1", .api_key = std::move(key)});
    return std::make_unique<GeminiEmbedder>(
        client, GeminiConfig{.base_url = standin.url() + "/v1beta", .api_key = std::move(key)});
  }
  std::string key() { return GetParam() == Vendor::openai ? standin.state().keys.openai : standin.state().keys.gemini; }
  std::string name() { return GetParam() == Vendor::openai ? "openai" : "gemini"; }
  /// An answer with one embedding that is this JSON.
  std::string answer(const std::string& numbers) {
    if (GetParam() == Vendor::openai) return R"({"data":[{"index":0,"embedding":)" + numbers + "}]}";
    return R"({"embeddings":[{"values":)" + numbers + "}]}";
  }
  VendorFault fault() {
    const std::string text = "hello";
    return fault_from([&] { embedder->embed({&text, 1}); });
  }

  std::unique_ptr<Embedder> embedder = make(key());
};

TEST_P(HttpEmbedder, OrderIsRestoredAndVectorsAreNormalised) {
  const std::vector<std::string> texts{"late delivery", "broken on arrival", "late delivery again"};
  const auto embedded = embedder->embed(texts);
  ASSERT_EQ(embedded.embeddings.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(dot(embedded.embeddings[i], embedded.embeddings[i]), 1, 1e-5);
    EXPECT_EQ(embedded.embeddings[i], sent(texts[i]));
  }
  EXPECT_EQ(effects(name()), 1);
  EXPECT_TRUE(embedder->model().starts_with(name() + ":"));
}

TEST_P(HttpEmbedder, ManyTextsGoInBatches) {
  std::vector<std::string> texts;
  for (int i = 0; i < 230; ++i) texts.push_back("text number " + std::to_string(i));
  EXPECT_EQ(embedder->embed(texts).embeddings.size(), 230u);
  EXPECT_EQ(effects(name()), 3);
  EXPECT_TRUE(embedder->embed({}).embeddings.empty());
  EXPECT_EQ(effects(name()), 3);
}

TEST_P(HttpEmbedder, ATextThatIsTooLongIsCutAndKeepsNobodyElseOut) {
  std::vector<std::string> texts(5, "short text");
  texts[3] = std::string(20'000, 'a') + " long";
  const auto embedded = embedder->embed(texts);
  ASSERT_EQ(embedded.embeddings.size(), 5u);
  EXPECT_EQ(embedded.embeddings[4], sent("short text"));
  EXPECT_NEAR(dot(embedded.embeddings[3], embedded.embeddings[3]), 1, 1e-5);
}

TEST_P(HttpEmbedder, EmptyAndBrokenTextsAreEmbeddedToo) {
  const std::vector<std::string> texts{"", " \n", std::string("a\0b\xff", 4)};
  EXPECT_EQ(embedder->embed(texts).embeddings.size(), 3u);
}

TEST_P(HttpEmbedder, AWrongDimensionIsPermanent) {
  answer_with(200, answer("[0.1, 0.2]"));
  const auto wrong = fault();
  EXPECT_EQ(wrong.kind, VendorErrorKind::permanent);
  EXPECT_EQ(wrong.code, "wrong_dimension");
}

TEST_P(HttpEmbedder, AnswersThatAreNoEmbeddingsAreAskedForAgain) {
  std::string zeros = "[0", words = "[\"x\"";
  for (std::size_t i = 1; i < kEmbeddingDimensions; ++i) {
    zeros += ",0";
    words += ",0";
  }
  for (const auto& body : {std::string("{}"), answer("null"), answer(zeros + "]"), answer(words + "]")}) {
    answer_with(200, body);
    const auto bad = fault();
    EXPECT_EQ(bad.kind, VendorErrorKind::retry) << body.substr(0, 60);
    EXPECT_EQ(bad.code, "bad_answer") << body.substr(0, 60);
  }
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault().code, "bad_answer");
}

TEST_P(HttpEmbedder, ErrorsHaveTheirClasses) {
  answer_with(429, "{}", "7");
  const auto rate = fault();
  EXPECT_EQ(rate.kind, VendorErrorKind::retry);
  EXPECT_EQ(rate.retry_after, 7s);
  answer_with(503, "{}");
  EXPECT_EQ(fault().kind, VendorErrorKind::retry);
  answer_with(400, R"({"error":{"message":"no"}})");
  EXPECT_EQ(fault().kind, VendorErrorKind::permanent);
  embedder = make("wrong");
  EXPECT_EQ(fault().kind, VendorErrorKind::permanent);
}

TEST_P(HttpEmbedder, ALostAnswerIsSafeToRepeat) {
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault().kind, VendorErrorKind::retry);
  const std::string text = "hello";
  EXPECT_EQ(embedder->embed({&text, 1}).embeddings.size(), 1u);
  EXPECT_EQ(effects(name()), 2) << "it cost tokens twice and nothing else";
}

INSTANTIATE_TEST_SUITE_P(Vendors, HttpEmbedder, testing::Values(Vendor::openai, Vendor::gemini),
                         [](const auto& info) { return info.param == Vendor::openai ? "OpenAi" : "Gemini"; });

TEST(OpenAiEmbedderAnswers, ADoubledIndexLeavesAnotherMissing) {
  standin::StandinServer standin;
  standin.start();
  CurlHttpClient client{CurlOptions{.policy = NetworkPolicy::with_loopback()}};
  OpenAiEmbedder embedder(client, {.base_url = standin.url() + "/v1", .api_key = standin.state().keys.openai});
  std::string numbers = "[1";
  for (std::size_t i = 1; i < kEmbeddingDimensions; ++i) numbers += ",0";
  const std::string entry = R"({"index":0,"embedding":)" + numbers + "]}";
  for (const auto& body : {R"({"data":[)" + entry + "," + entry + "]}", std::string(R"({"data":[{"index":7}]})")}) {
    standin.state().faults.add({.times = 1, .mode = FaultMode::status, .status = 200, .body = body});
    const std::vector<std::string> texts{"a", "b"};
    EXPECT_EQ(fault_from([&] { embedder.embed(texts); }).code, "bad_answer");
  }
}

}  // namespace
}  // namespace platform::vendors
