#pragma once

#include <activities/vendors/batched_embedder.hpp>
#include <activities/vendors/openai_api.hpp>

namespace platform::vendors {

/// POST /embeddings with `dimensions` 1536. The answer's order is restored from its indices; vectors are normalised,
/// because servers other than OpenAI's send them as they are.
class OpenAiEmbedder final : public BatchedEmbedder {
 public:
  /// `client` must outlive this object.
  OpenAiEmbedder(HttpClient& client, OpenAiConfig config)
      : BatchedEmbedder(100, 400'000),
        api_(client, std::move(config)),
        model_("openai:" + api_.config().embedding_model) {}
  const std::string& model() const override { return model_; }

 private:
  Embedded request(std::span<const std::string> texts) override;

  OpenAiApi api_;
  const std::string model_;
};

}  // namespace platform::vendors
