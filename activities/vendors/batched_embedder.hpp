#pragma once

#include <activities/vendors/embedder.hpp>

#include <boost/json/value.hpp>

#include <string_view>

namespace platform::vendors {

/// What embedders over HTTP have in common: cleaning and cutting texts, batches of what the vendor takes, and texts
/// that the vendor finds too long. A request with such a text is refused as a whole, so the batch is halved until the
/// text is alone, and the text is halved until it fits: a long text never keeps the others from being embedded.
class BatchedEmbedder : public Embedder {
 public:
  Embedded embed(std::span<const std::string> texts) final;
  std::size_t most_per_request() const final { return most_per_request_; }

 protected:
  /// A request also ends at `most_bytes` of text, because vendors limit the tokens of a request too.
  BatchedEmbedder(std::size_t most_per_request, std::size_t most_bytes)
      : most_per_request_(most_per_request), most_bytes_(most_bytes) {}

  /// One request, one embedding per text in their order. Throws VendorError.
  virtual Embedded request(std::span<const std::string> texts) = 0;

 private:
  Embedded request_or_halve(std::span<const std::string> texts);

  const std::size_t most_per_request_, most_bytes_;
};

/// A vendor's list of numbers as a point of unit length. Throws VendorError `wrong_dimension` or `bad_answer`.
Embedding unit_embedding(const boost::json::value* numbers, std::string_view vendor);

}  // namespace platform::vendors
