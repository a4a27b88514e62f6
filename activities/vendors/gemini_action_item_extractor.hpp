#pragma once

#include <activities/vendors/action_item_extractor.hpp>
#include <activities/vendors/http_client.hpp>

namespace platform::vendors {

struct GeminiConfig {
  std::string base_url = "https://generativelanguage.googleapis.com/v1beta";
  std::string api_key{};
  std::string model = "gemini-2.5-flash";
  std::int64_t most_tokens =
      4000;  ///< thinking included; a truncated answer is asked for once more with four times that
  std::chrono::milliseconds deadline{25'000};
};

/// Gemini's generateContent with a responseSchema. A delay in the error's details counts as Retry-After.
class GeminiActionItemExtractor final : public ActionItemExtractor {
 public:
  /// `client` must outlive this object.
  GeminiActionItemExtractor(HttpClient& client, GeminiConfig config) : client_(client), config_(std::move(config)) {}
  ExtractedActions extract(const CallText& call) override;

 private:
  HttpResult ask(const CallText& call, std::int64_t most_tokens);

  HttpClient& client_;
  GeminiConfig config_;
};

}  // namespace platform::vendors
