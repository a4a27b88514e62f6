#pragma once

#include <activities/vendors/embedder.hpp>

namespace platform::vendors {

/// The local default: words, pairs of neighbouring words and the 4-letter pieces of words are hashed into 1536 signed
/// buckets ("feature hashing"; Weinberger et al., ICML 2009). No key, no network, and the same bits on every machine,
/// because it uses nothing but IEEE addition, multiplication, division and square roots in a fixed order.
///
/// It sees wording, not meaning: texts that share rare words are close, synonyms are not.
class NgramEmbedder final : public Embedder {
 public:
  Embedded embed(std::span<const std::string> texts) override;
  const std::string& model() const override { return model_; }
  std::size_t most_per_request() const override { return 256; }

 private:
  const std::string model_ = "local-ngram-1";
};

}  // namespace platform::vendors
