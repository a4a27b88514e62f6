#pragma once

#include <activities/vendors/action_item_extractor.hpp>
#include <activities/vendors/http_client.hpp>

namespace platform::vendors {

/// Any server that speaks OpenAI's chat completions with json_schema answers (OpenAI itself, Gemini's
/// /v1beta/openai, vLLM and others).
struct OpenAiConfig {
  std::string base_url = "https://api.openai.com/v1";
  std::string api_key{};
  std::string model = "gpt-4o-mini";
  std::int64_t most_tokens = 2000;  ///< of the answer; a truncated answer is asked for once more with four times that
  std::chrono::milliseconds deadline{25'000};
};

class OpenAiActionItemExtractor final : public ActionItemExtractor {
 public:
  /// `client` must outlive this object.
  OpenAiActionItemExtractor(HttpClient& client, OpenAiConfig config) : client_(client), config_(std::move(config)) {}
  ExtractedActions extract(const CallText& call) override;

 private:
  HttpResult ask(const CallText& call, std::int64_t most_tokens);

  HttpClient& client_;
  OpenAiConfig config_;
};

}  // namespace platform::vendors
