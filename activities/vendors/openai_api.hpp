#pragma once

#include <activities/vendors/http_client.hpp>

#include <boost/json/value.hpp>

#include <string_view>

namespace platform::vendors {

/// Any server that speaks OpenAI's chat completions with json_schema answers, and its embeddings (OpenAI itself,
/// Gemini's /v1beta/openai, vLLM and others).
struct OpenAiConfig {
  std::string base_url = "https://api.openai.com/v1";
  std::string api_key{};
  std::string model = "gpt-4o-mini";
  std::string embedding_model = "text-embedding-3-small";
  std::int64_t most_tokens = 2000;  ///< of the answer; a truncated answer is asked for once more with four times that
  std::chrono::milliseconds deadline{25'000};
};

/// What all requests to such a server have in common. Thread-safe.
class OpenAiApi {
 public:
  /// `client` must outlive this object.
  OpenAiApi(HttpClient& client, OpenAiConfig config) : client_(client), config_(std::move(config)) {}

  const OpenAiConfig& config() const { return config_; }

  /// The answer to a POST. Throws VendorError for everything but a JSON answer with status 2xx; an empty account
  /// (`insufficient_quota`) is permanent, although its status is 429.
  boost::json::value post(std::string_view path, const boost::json::value& body) const;

 private:
  HttpClient& client_;
  const OpenAiConfig config_;
};

}  // namespace platform::vendors
