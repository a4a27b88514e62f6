#pragma once

#include <activities/vendors/batched_embedder.hpp>
#include <activities/vendors/gemini_api.hpp>

namespace platform::vendors {

/// POST :batchEmbedContents with taskType CLUSTERING and 1536 dimensions, which Gemini does not normalise: done here.
class GeminiEmbedder final : public BatchedEmbedder {
 public:
  /// `client` must outlive this object.
  GeminiEmbedder(HttpClient& client, GeminiConfig config)
      : BatchedEmbedder(100, 400'000),
        api_(client, std::move(config)),
        model_("gemini:" + api_.config().embedding_model) {}
  const std::string& model() const override { return model_; }

 private:
  Embedded request(std::span<const std::string> texts) override;

  GeminiApi api_;
  const std::string model_;
};

}  // namespace platform::vendors
