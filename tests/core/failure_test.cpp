#include <holdfast/core/failure.hpp>

#include <stdexcept>

#include <gtest/gtest.h>

#include <holdfast/core/history_error.hpp>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

void expect_equal(const Failure& a, const Failure& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.non_retryable, b.non_retryable);
  EXPECT_EQ(a.next_retry_delay, b.next_retry_delay);
  EXPECT_EQ(a.details, b.details);
  ASSERT_EQ(a.cause == nullptr, b.cause == nullptr);
  if (a.cause) expect_equal(*a.cause, *b.cause);
}

Failure chain() {
  auto root = std::make_shared<Failure>();
  root->kind = FailureKind::timeout;
  root->type = "StartToClose";
  root->message = "no answer \u00e9\u4e2d \"quoted\" \\ \n\t\x01"s + "\0end"s;
  Failure top;
  top.kind = FailureKind::activity;
  top.type = "CardDeclined";
  top.message = "charge failed";
  top.non_retryable = true;
  top.next_retry_delay = 1500us;
  top.details = R"({"code":[1,{"a":"\u0000"}]})";
  top.cause = root;
  return top;
}

TEST(Failure, ReadsBackWithItsCauses) { expect_equal(decode_failure(encode_failure(chain())), chain()); }

TEST(Failure, LeavesOutWhatIsNotSet) {
  Failure failure;
  failure.message = "m";
  EXPECT_EQ(encode_failure(failure), R"({"kind":"application","message":"m"})");
}

TEST(Failure, EveryKindHasAName) {
  using enum FailureKind;
  for (const auto kind : {application, timeout, canceled, terminated, worker_lost, activity}) {
    EXPECT_EQ(parse_failure_kind(to_string(kind)), kind);
  }
  EXPECT_THROW(parse_failure_kind("odd"), std::invalid_argument);
}

TEST(Failure, IsReadLeniently) {
  const Failure read =
      decode_failure(R"( { "later" : [1,{"x":null}], "kind" : "invented", "message" : "m", "cause" : null } )");
  EXPECT_EQ(read.kind, FailureKind::application);
  EXPECT_EQ(read.message, "m");
  EXPECT_EQ(read.cause, nullptr);
  EXPECT_EQ(decode_failure("{}").message, "");
}

TEST(Failure, TextThatIsNoFailureIsRejected) {
  for (const auto* text : {"", "null", "[]", "{", "{\"message\":1}", "{}x", "{\"cause\":\"text\"}"}) {
    EXPECT_THROW(decode_failure(text), HistoryError) << text;
  }
}

TEST(Failure, MessagesThatAreNotUtf8AreRepairedSoThatTheCommitSucceeds) {
  Failure failure;
  failure.message = "bad \xFF\xC3 end";
  failure.details = "not json \xFF";
  const Failure read = decode_failure(encode_failure(failure));
  EXPECT_EQ(read.message, "bad \uFFFD\uFFFD end");
  EXPECT_EQ(read.details, "\"not json \uFFFD\"");
}

TEST(Failure, AnEndlessChainOfCausesIsCut) {
  std::shared_ptr<const Failure> cause;
  for (int i = 0; i < 10'000; ++i) {
    auto next = std::make_shared<Failure>();
    next->cause = std::move(cause);
    cause = std::move(next);
  }
  const std::string text = encode_failure(*cause);
  EXPECT_LT(text.size(), 10'000u);
  EXPECT_NO_THROW(decode_failure(text));
  EXPECT_LT(describe(*cause).size(), 10'000u);
}

TEST(Failure, IsDescribedWithItsCauses) {
  auto cause = std::make_shared<Failure>();
  cause->kind = FailureKind::worker_lost;
  Failure failure;
  failure.type = "ChargeFailed";
  failure.message = "after 3 attempts";
  failure.cause = cause;
  EXPECT_EQ(describe(failure), "ChargeFailed: after 3 attempts; caused by: worker_lost");
}

}  // namespace
}  // namespace holdfast
