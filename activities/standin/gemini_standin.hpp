#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

namespace platform::standin {

/// Gemini's POST /v1beta/models/{model}:generateContent and :batchEmbedContents (at most 100; vectors are not
/// normalised).
class GeminiStandin final : public VendorModule {
 public:
  GeminiStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

 private:
  const StandinKeys& keys_;
  Effects& effects_;
};

}  // namespace platform::standin
