#include <activities/standin/s3_standin.hpp>

#include <holdfast/http/signature/hash.hpp>
#include <holdfast/http/signature/sigv4.hpp>

#include <fmt/format.h>

namespace platform::standin {
namespace {

using namespace holdfast::http;

Reply refusal(int status, std::string_view code, std::string_view message) {
  return {.status = status,
          .body = fmt::format(
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>", code,
              message),
          .content_type = "application/xml"};
}

}  // namespace

std::map<std::string, std::string> S3Standin::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

std::optional<Reply> S3Standin::refuse_signature(const Request& request) const {
  const SigV4Key key{.access_key = keys_.s3_access, .secret_key = keys_.s3_secret};
  const SigV4Request signed_request{.method = request.method,
                                    .host = std::string(request.headers.find("Host").value_or("")),
                                    .path = request.path,
                                    .query = request.query};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (const auto check = verify_sigv4(key, signed_request, request.headers, now); !check)
    return refusal(
        403, check.verdict == SignatureVerdict::stale_timestamp ? "RequestTimeTooSkewed" : "SignatureDoesNotMatch",
        check.reason);
  const auto hash = request.headers.find("x-amz-content-sha256").value_or("");
  if (hash != kUnsignedPayload && hash != hex_encode(digest(HashAlgorithm::sha256, request.body)))
    return refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' does not match the body.");
  return std::nullopt;
}

std::optional<Reply> S3Standin::handle(const Request& request) {
  const auto bucket = "/" + keys_.s3_bucket;
  if (!request.path.starts_with(bucket + "/")) return std::nullopt;
  if (auto refused = refuse_signature(request)) return refused;
  const auto key = request.path.substr(bucket.size());
  if (request.method == "PUT") return put(request, key);
  const std::lock_guard lock(mutex_);
  if (request.method == "DELETE") {
    if (objects_.erase(key) > 0) effects_.happened("s3-delete");
    return Reply{.status = 204, .body = {}};
  }
  const auto found = objects_.find(key);
  if (found == objects_.end()) return refusal(404, "NoSuchKey", "The specified key does not exist.");
  return Reply{.status = 200, .body = found->second, .content_type = "application/octet-stream"};
}

Reply S3Standin::put(const Request& request, const std::string& key) {
  const std::lock_guard lock(mutex_);
  objects_[key] = request.body;
  effects_.happened("s3-put");
  Reply reply{.status = 200, .body = {}};
  reply.headers.add("ETag", "\"" + hex_encode(digest(HashAlgorithm::sha256, request.body)).substr(0, 32) + "\"");
  return reply;
}

}  // namespace platform::standin
