#include <activities/vendors/s3_object_store.hpp>

#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <charconv>

namespace platform::vendors {
namespace {

using namespace holdfast::http;

UnixTime now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

/// The text between <tag> and </tag>: S3's errors are small and flat XML.
std::string xml_text(std::string_view xml, const std::string& tag) {
  const auto open = "<" + tag + ">", close = "</" + tag + ">";
  const auto begin = xml.find(open);
  if (begin == std::string_view::npos) return {};
  const auto start = begin + open.size(), end = xml.find(close, start);
  return end == std::string_view::npos ? std::string() : std::string(xml.substr(start, end - start));
}

[[noreturn]] void throw_failure(const HttpResult& result) {
  auto fault = fault_of("s3", result);
  if (auto code = xml_text(result.body, "Code"); !code.empty()) fault.code = std::move(code);
  if (auto message = xml_text(result.body, "Message"); !message.empty()) fault.message = std::move(message);
  throw VendorError(std::move(fault));
}

}  // namespace

SigV4Request S3ObjectStore::request(std::string method, const std::string& key) const {
  check_object_key(key);
  const auto scheme_end = config_.endpoint.find("://");
  auto host = config_.endpoint.substr(scheme_end == std::string::npos ? 0 : scheme_end + 3);
  host = host.substr(0, host.find('/'));
  return {.method = std::move(method), .host = std::move(host), .path = "/" + config_.bucket + key};
}

std::string S3ObjectStore::url(const SigV4Request& request) const {
  return joined_url(config_.endpoint, uri_encoded(request.path, true));
}

HttpResult S3ObjectStore::send(const SigV4Request& request, const std::string& body) {
  const auto hash = hex_encode(digest(HashAlgorithm::sha256, body));
  return client_.send({.method = request.method,
                       .url = url(request),
                       .headers = sigv4_headers(config_.key, request, hash, now()),
                       .body = body,
                       .deadline = config_.deadline,
                       .max_response_bytes = config_.largest_object,
                       .repeatable = true});
}

void S3ObjectStore::put(const std::string& key, const std::string& body, const std::string& content_type) {
  auto put = request("PUT", key);
  put.headers.add("Content-Type", content_type);
  const auto result = send(put, body);
  if (result.outcome != HttpOutcome::ok) throw_failure(result);
}

std::string S3ObjectStore::get(const std::string& key) {
  auto result = send(request("GET", key));
  if (result.outcome != HttpOutcome::ok) throw_failure(result);
  if (result.body_truncated)
    throw VendorError({.kind = VendorErrorKind::permanent,
                       .vendor = "s3",
                       .status = result.status,
                       .code = "too_large",
                       .message = "the object is larger than " + std::to_string(config_.largest_object) + " bytes"});
  return std::move(result.body);
}

std::optional<ObjectInfo> S3ObjectStore::head(const std::string& key) {
  const auto result = send(request("HEAD", key));
  if (result.status == 404) return std::nullopt;
  if (result.outcome != HttpOutcome::ok) throw_failure(result);
  ObjectInfo info;
  const auto length = result.headers.find("Content-Length").value_or("0");
  std::from_chars(length.data(), length.data() + length.size(), info.bytes);
  return info;
}

void S3ObjectStore::remove(const std::string& key) {
  const auto result = send(request("DELETE", key));
  if (result.outcome != HttpOutcome::ok && result.status != 404) throw_failure(result);
}

std::string S3ObjectStore::presigned_get(const std::string& key, std::chrono::seconds expires) {
  if (expires < std::chrono::seconds(1) || expires > std::chrono::days(7))
    throw VendorError({.kind = VendorErrorKind::permanent,
                       .vendor = "s3",
                       .code = "invalid_expires",
                       .message = "expires: " + std::to_string(expires.count()) + " s; allowed: 1 to 604800 s"});
  const auto get = request("GET", key);
  return url(get) + "?" + sigv4_presigned_query(config_.key, get, now(), expires);
}

}  // namespace platform::vendors
