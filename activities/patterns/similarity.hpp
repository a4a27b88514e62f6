#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <activities/patterns/embedding_code.hpp>

namespace platform::patterns {

/// Codes of one length, one after another.
class CodeMatrix {
 public:
  explicit CodeMatrix(std::size_t dimensions) : dimensions_(dimensions) {}

  /// Throws std::invalid_argument for a code of another length.
  void add(std::span<const std::int16_t> code);
  void reserve(std::size_t rows) { values_.reserve(rows * dimensions_); }

  std::size_t rows() const { return dimensions_ == 0 ? 0 : values_.size() / dimensions_; }
  std::size_t dimensions() const { return dimensions_; }
  std::span<const std::int16_t> row(std::size_t i) const { return {values_.data() + i * dimensions_, dimensions_}; }

 private:
  std::size_t dimensions_;
  std::vector<std::int16_t> values_;
};

/// Inner products are in units of kUnit squared. A similarity of 1.0 is this many:
inline constexpr double kOne = kUnit * kUnit;

/// The inner product of two codes of the same length.
std::int32_t product(std::span<const std::int16_t> a, std::span<const std::int16_t> b);

/// Their cosine, between -1 and 1.
inline double similarity(std::span<const std::int16_t> a, std::span<const std::int16_t> b) {
  const double cosine = product(a, b) / kOne;
  return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

/// For each row of `matrix` its product with `code`.
void products(const CodeMatrix& matrix, std::span<const std::int16_t> code, std::span<std::int32_t> out);

/// For each row, how many other rows have a product of at least `least` with it. Works in blocks that fit the cache, on
/// as many threads as asked for; the counts do not depend on that. `stop` is asked now and then; true ends it early
/// with counts that are worthless.
std::vector<std::uint32_t> neighbour_counts(const CodeMatrix& matrix, std::int32_t least, unsigned threads,
                                            const std::function<bool()>& stop = {});

}  // namespace platform::patterns
