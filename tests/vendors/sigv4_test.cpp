#include <holdfast/http/signature/hash.hpp>
#include <holdfast/http/signature/sigv4.hpp>

#include <gtest/gtest.h>

#include <random>

namespace holdfast::http {
namespace {

// The examples of "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
// Parameters" in the S3 API reference.
const SigV4Key kKey{.access_key = "AKIAIOSFODNN7EXAMPLE",
                    .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    .region = "us-east-1"};
const UnixTime kNow = std::chrono::sys_days(std::chrono::year(2013) / 5 / 24);
const std::string kHost = "examplebucket.s3.amazonaws.com";
const std::string kEmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature(const SigV4Request& request, const std::string& hash = kEmptyHash) {
  const auto headers = sigv4_headers(kKey, request, hash, kNow);
  const auto authorization = headers.find("Authorization").value_or("");
  return std::string(authorization.substr(authorization.find("Signature=") + 10));
}

TEST(SigV4, PublishedVectors) {
  SigV4Request get{.method = "GET", .host = kHost, .path = "/test.txt"};
  EXPECT_EQ(sigv4_presigned_query(kKey, get, kNow, std::chrono::seconds(86400)),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_"
            "request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  get.headers.add("Range", "bytes=0-9");
  EXPECT_EQ(signature(get), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(signature({.method = "GET", .host = kHost, .path = "/", .query = {{"lifecycle", ""}}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature({.method = "GET", .host = kHost, .path = "/", .query = {{"prefix", "J"}, {"max-keys", "2"}}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  SigV4Request put{.method = "PUT", .host = kHost, .path = "/test$file.text"};
  put.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  put.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_EQ(signature(put, hex_encode(digest(HashAlgorithm::sha256, "Welcome to Amazon S3."))),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, EncodesEveryByteButTheUnreserved) {
  EXPECT_EQ(uri_encoded("/a b~c+%é/", true), "/a%20b~c%2B%25%C3%A9/");
  EXPECT_EQ(uri_encoded("/", false), "%2F");
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    std::string text(random() % 20, '\0');
    for (auto& c : text) c = static_cast<char>(random());
    const auto encoded = uri_encoded(text, false);
    std::string decoded;
    for (std::size_t at = 0; at < encoded.size(); ++at) {
      if (encoded[at] == '%') {
        decoded += *hex_decode(encoded.substr(at + 1, 2));
        at += 2;
      } else {
        decoded += encoded[at];
      }
    }
    EXPECT_EQ(decoded, text);
  }
}

TEST(SigV4, VerifiesWhatItSignedAndNothingElse) {
  SigV4Request request{.method = "PUT", .host = kHost, .path = "/a b/ü", .query = {{"x", "1"}}};
  request.headers.add("Content-Type", "audio/wav");
  const auto headers = sigv4_headers(kKey, request, kEmptyHash, kNow);
  EXPECT_TRUE(verify_sigv4(kKey, request, headers, kNow));
  EXPECT_TRUE(verify_sigv4(kKey, request, headers, kNow + std::chrono::minutes(14)));
  EXPECT_EQ(verify_sigv4(kKey, request, headers, kNow + std::chrono::minutes(16)).verdict,
            SignatureVerdict::stale_timestamp);
  auto other = request;
  other.path = "/a b/u";
  EXPECT_EQ(verify_sigv4(kKey, other, headers, kNow).verdict, SignatureVerdict::bad_signature);
  auto wrong = kKey;
  wrong.secret_key = "x";
  EXPECT_EQ(verify_sigv4(wrong, request, headers, kNow).verdict, SignatureVerdict::bad_signature);
  EXPECT_EQ(verify_sigv4(kKey, request, {}, kNow).verdict, SignatureVerdict::missing_header);
}

}  // namespace
}  // namespace holdfast::http
