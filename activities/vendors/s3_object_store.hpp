#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/object_store.hpp>

#include <holdfast/http/signature/sigv4.hpp>

namespace platform::vendors {

struct S3Config {
  std::string endpoint{};  ///< https://<account>.r2.cloudflarestorage.com, https://s3.eu-central-1.amazonaws.com
  std::string bucket{};
  holdfast::http::SigV4Key key{};
  std::chrono::milliseconds deadline{25'000};
  std::size_t largest_object = 128u << 20;  ///< that get() reads
};

/// S3 and Cloudflare R2, path style. Codes are S3's ("NoSuchKey", "SlowDown").
class S3ObjectStore final : public ObjectStore {
 public:
  /// `client` must outlive this object.
  S3ObjectStore(HttpClient& client, S3Config config) : client_(client), config_(std::move(config)) {}

  void put(const std::string& key, const std::string& body, const std::string& content_type) override;
  std::string get(const std::string& key) override;
  std::optional<ObjectInfo> head(const std::string& key) override;
  void remove(const std::string& key) override;
  std::string presigned_get(const std::string& key, std::chrono::seconds expires) override;

 private:
  holdfast::http::SigV4Request request(std::string method, const std::string& key) const;
  HttpResult send(const holdfast::http::SigV4Request& request, const std::string& body = {});
  std::string url(const holdfast::http::SigV4Request& request) const;

  HttpClient& client_;
  S3Config config_;
};

}  // namespace platform::vendors
