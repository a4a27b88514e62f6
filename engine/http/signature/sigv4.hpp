#pragma once

#include <holdfast/http/signature/header_list.hpp>
#include <holdfast/http/signature/signature_check.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

/// AWS Signature Version 4 for S3 and what speaks it (R2). Pure functions, thread-safe. Source: "Authenticating
/// Requests (AWS Signature Version 4)" of the S3 API reference.

struct SigV4Key {
  std::string access_key, secret_key;
  std::string region = "auto";
  std::string service = "s3";
};

struct SigV4Request {
  std::string method;
  std::string host;                                          ///< with the port, if the URL has one
  std::string path;                                          ///< decoded, from the first '/'
  std::vector<std::pair<std::string, std::string>> query{};  ///< decoded, in any order
  HeaderList headers{};                                      ///< further headers to sign
};

/// The payload "hash" of requests whose body is not signed.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// Every byte but A-Z a-z 0-9 - _ . ~ as %XX; '/' is kept if asked for.
std::string uri_encoded(std::string_view text, bool keep_slash);

/// Headers that sign `request` at `now`: x-amz-date, x-amz-content-sha256, the given ones, and Authorization.
/// `payload_hash` is the hex SHA-256 of the body, or kUnsignedPayload.
HeaderList sigv4_headers(const SigV4Key& key, const SigV4Request& request, std::string_view payload_hash, UnixTime now);

/// The query of a presigned URL, encoded: good for `expires` (1 s to 7 days) from `now`.
std::string sigv4_presigned_query(const SigV4Key& key, const SigV4Request& request, UnixTime now,
                                  std::chrono::seconds expires);

/// What S3 does with `Authorization` and x-amz-date: for the stand-in. The time may be 15 minutes off.
SignatureCheck verify_sigv4(const SigV4Key& key, const SigV4Request& request, const HeaderList& headers, UnixTime now);

}  // namespace holdfast::http
