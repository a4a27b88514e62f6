#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace platform::vendors {

/// Length of every embedding on the platform, whatever made it.
inline constexpr std::size_t kEmbeddingDimensions = 1536;

/// A text longer than this is cut before it is embedded: about 8,000 tokens, less than the smallest model takes.
inline constexpr std::size_t kMostEmbeddedBytes = 24'000;

/// A point of unit length; the cosine of two is their dot product.
using Embedding = std::vector<float>;

struct Embedded {
  std::vector<Embedding> embeddings{};  ///< one per text, in the order of the texts
  std::int64_t prompt_tokens = 0;       ///< 0 for the local embedder
};

/// Turns texts into points such that texts about the same thing lie close together. Thread-safe. Failures are
/// VendorError: `bad_answer` (retry: not JSON, a vector is missing, not finite or zero), `wrong_dimension` (permanent:
/// the model is not configured for 1536), or what HTTP says. Repeating a call costs tokens and nothing else.
class Embedder {
 public:
  virtual ~Embedder() = default;

  /// Any number of texts; the adapter sends them in batches of what its vendor takes. Empty texts are embedded as a
  /// single space would be, since vendors refuse them.
  virtual Embedded embed(std::span<const std::string> texts) = 0;

  /// Names model and version: vectors of different models must not be compared. At most 100 bytes.
  virtual const std::string& model() const = 0;

  /// Texts per request at most: a good size of batch for callers.
  virtual std::size_t most_per_request() const = 0;
};

}  // namespace platform::vendors
