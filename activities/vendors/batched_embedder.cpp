#include <activities/vendors/batched_embedder.hpp>

#include <activities/vendors/language_model.hpp>
#include <activities/vendors/text.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace platform::vendors {
namespace {

constexpr std::size_t kShortestCut = 200;  // bytes; a model that takes less than this is configured wrong

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// Vendors have no common code for this.
bool is_over_length(const VendorFault& fault) {
  if (fault.status == 413 || fault.code == "context_length_exceeded") return true;
  if (fault.status != 400) return false;
  const auto message = lower(fault.message);
  for (const std::string_view words :
       {"context length", "maximum input length", "too long", "token count", "exceeds the limit"})
    if (message.find(words) != std::string::npos) return true;
  return false;
}

void append(Embedded& to, Embedded from) {
  std::ranges::move(from.embeddings, std::back_inserter(to.embeddings));
  to.prompt_tokens += from.prompt_tokens;
}

}  // namespace

Embedded BatchedEmbedder::embed(std::span<const std::string> texts) {
  Embedded out;
  std::vector<std::string> batch;
  std::size_t bytes = 0;
  const auto send = [&] {
    if (!batch.empty()) append(out, request_or_halve(batch));
    batch.clear();
    bytes = 0;
  };
  for (const auto& text : texts) {
    auto cleaned = text_prefix(text, kMostEmbeddedBytes);
    if (cleaned.find_first_not_of(" \t\r\n") == std::string::npos) cleaned = " ";
    if (batch.size() == most_per_request_ || bytes + cleaned.size() > most_bytes_) send();
    bytes += cleaned.size();
    batch.push_back(std::move(cleaned));
  }
  send();
  return out;
}

Embedded BatchedEmbedder::request_or_halve(std::span<const std::string> texts) {
  try {
    return request(texts);
  } catch (const VendorError& error) {
    if (!is_over_length(error.fault())) throw;
    if (texts.size() == 1 && texts[0].size() < kShortestCut) throw;
  }
  if (texts.size() == 1) {
    const std::string half = text_prefix(texts[0], texts[0].size() / 2);
    return request_or_halve({&half, 1});
  }
  auto out = request_or_halve(texts.first(texts.size() / 2));
  append(out, request_or_halve(texts.subspan(texts.size() / 2)));
  return out;
}

Embedding unit_embedding(const boost::json::value* numbers, std::string_view vendor) {
  const auto* list = numbers == nullptr ? nullptr : numbers->if_array();
  if (list == nullptr) throw_bad_answer(vendor, "an embedding is missing");
  if (list->size() != kEmbeddingDimensions)
    throw VendorError({.kind = VendorErrorKind::permanent,
                       .vendor = std::string(vendor),
                       .status = 200,
                       .code = "wrong_dimension",
                       .message = "an embedding has " + std::to_string(list->size()) + " numbers, needed are " +
                                  std::to_string(kEmbeddingDimensions)});
  std::vector<double> values;
  double square = 0;
  for (const auto& number : *list) {
    if (!number.is_number()) throw_bad_answer(vendor, "an embedding holds something that is not a number");
    values.push_back(number.to_number<double>());
    square += values.back() * values.back();
  }
  if (!std::isfinite(square) || square == 0) throw_bad_answer(vendor, "an embedding has no direction");
  const double length = std::sqrt(square);
  Embedding out;
  for (const double value : values) out.push_back(static_cast<float>(value / length));
  return out;
}

}  // namespace platform::vendors
