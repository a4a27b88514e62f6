#pragma once

#include <activities/vendors/http_client.hpp>

#include <boost/json/value.hpp>

#include <string_view>

namespace platform::vendors {

struct GeminiConfig {
  std::string base_url = "https://generativelanguage.googleapis.com/v1beta";
  std::string api_key{};
  std::string model = "gemini-2.5-flash";
  std::string embedding_model = "gemini-embedding-001";
  std::int64_t most_tokens =
      4000;  ///< thinking included; a truncated answer is asked for once more with four times that
  std::chrono::milliseconds deadline{25'000};
};

/// What all requests to Gemini have in common. Thread-safe.
class GeminiApi {
 public:
  /// `client` must outlive this object.
  GeminiApi(HttpClient& client, GeminiConfig config) : client_(client), config_(std::move(config)) {}

  const GeminiConfig& config() const { return config_; }

  /// The answer to POST /models/{model}:{method}. Throws VendorError for everything but a JSON answer with status 2xx.
  /// A delay in the error's details counts as Retry-After.
  boost::json::value post(std::string_view model, std::string_view method, const boost::json::value& body) const;

 private:
  HttpClient& client_;
  const GeminiConfig config_;
};

}  // namespace platform::vendors
