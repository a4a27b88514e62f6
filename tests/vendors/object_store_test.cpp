#include <activities/vendors/s3_object_store.hpp>
#include <tests/vendors/standin_fixture.hpp>

#include <filesystem>

namespace platform::vendors {
namespace {

using standin::FaultMode;

const std::string kKey = "/00000000-0000-7000-8000-00000000000a/2026/11/call%20ü ~1.wav";

class S3Test : public StandinTest {
 protected:
  S3Config config() {
    const auto& keys = standin.state().keys;
    return {.endpoint = standin.url(),
            .bucket = keys.s3_bucket,
            .key = {.access_key = keys.s3_access, .secret_key = keys.s3_secret}};
  }
  S3ObjectStore store{client, config()};
};

/// What every store does.
void expect_contract(ObjectStore& store) {
  const std::string body("RIFF\0\x01\xff", 7);
  EXPECT_FALSE(store.head(kKey));
  store.put(kKey, body, "audio/wav");
  EXPECT_EQ(store.get(kKey), body);
  EXPECT_EQ(store.head(kKey)->bytes, 7);
  store.put(kKey, "", "audio/wav");
  EXPECT_EQ(store.get(kKey), "");
  store.remove(kKey);
  store.remove(kKey);
  EXPECT_FALSE(store.head(kKey));
  const auto missing = fault_from([&] { store.get(kKey); });
  EXPECT_EQ(missing.kind, VendorErrorKind::permanent);
  EXPECT_EQ(missing.code, "NoSuchKey");
  for (const auto* bad : {"", "/", "a", "//a", "/a//b", "/a/../b", "/..", "/a/", "/a\nb", "/\xff"})
    EXPECT_EQ(fault_from([&] { store.put(bad, "x", "text/plain"); }).code, "invalid_key") << bad;
}

TEST_F(S3Test, KeepsTheContract) { expect_contract(store); }

TEST(LocalObjects, KeepTheContract) {
  const auto root = std::filesystem::temp_directory_path() / ("holdfast-objects-" + std::to_string(::getpid()));
  LocalObjectStore store(root);
  expect_contract(store);
  store.put("/a/b.txt", "x", "text/plain");
  EXPECT_TRUE(store.presigned_get("/a/b.txt", std::chrono::seconds(60)).starts_with("file:///"));
  std::filesystem::remove_all(root);
}

TEST_F(S3Test, ALostAnswerIsRepeatedAndLeavesOneObject) {
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { store.put(kKey, "body", "audio/wav"); }).kind, VendorErrorKind::retry);
  store.put(kKey, "body", "audio/wav");
  EXPECT_EQ(standin.state().s3.objects().size(), 1u);
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { store.remove(kKey); }).kind, VendorErrorKind::retry);
  store.remove(kKey);
  EXPECT_TRUE(standin.state().s3.objects().empty());
}

TEST_F(S3Test, ErrorsHaveTheirClassesAndCodes) {
  auto wrong = config();
  wrong.key.secret_key = "wrong";
  const auto refused = fault_from([&] { S3ObjectStore(client, wrong).put(kKey, "x", "text/plain"); });
  EXPECT_EQ(refused.kind, VendorErrorKind::permanent);
  EXPECT_EQ(refused.code, "SignatureDoesNotMatch");
  answer_with(503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>", "2");
  const auto slow = fault_from([&] { store.put(kKey, "x", "text/plain"); });
  EXPECT_EQ(slow.kind, VendorErrorKind::retry);
  EXPECT_EQ(slow.code, "SlowDown");
  EXPECT_EQ(slow.retry_after, std::chrono::seconds(2));
  answer_with(500, "oops");
  EXPECT_EQ(fault_from([&] { store.head(kKey); }).kind, VendorErrorKind::retry);
  auto small = config();
  small.largest_object = 3;
  store.put(kKey, "four", "text/plain");
  EXPECT_EQ(fault_from([&] { S3ObjectStore(client, small).get(kKey); }).code, "too_large");
}

TEST_F(S3Test, APresignedUrlHasAnEndWithinAWeek) {
  const auto url = store.presigned_get(kKey, std::chrono::hours(1));
  EXPECT_TRUE(url.starts_with(standin.url() + "/" + standin.state().keys.s3_bucket + "/00000000-"));
  EXPECT_NE(url.find("&X-Amz-Expires=3600&"), std::string::npos);
  EXPECT_EQ(fault_from([&] { store.presigned_get(kKey, std::chrono::hours(24 * 8)); }).code, "invalid_expires");
}

}  // namespace
}  // namespace platform::vendors
