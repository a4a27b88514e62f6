#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

namespace platform::standin {

/// OpenAI's POST /v1/chat/completions with response_format json_schema (strict rules are checked), and POST
/// /v1/embeddings, which answers in reverse order and with vectors that are not normalised.
class OpenAiStandin final : public VendorModule {
 public:
  OpenAiStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

 private:
  const StandinKeys& keys_;
  Effects& effects_;
};

}  // namespace platform::standin
