#include <activities/patterns/similarity.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

// The compiler turns the inner loops into multiply-add instructions on packed 16-bit integers. The widest that the
// machine has is chosen at load time; all give the same integers.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLATFORM_WIDEST
#else
#define PLATFORM_WIDEST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#else
#define PLATFORM_WIDEST
#endif

namespace platform::patterns {
namespace {

constexpr std::size_t kRowsPerBlock = 128;  // 384 KB of 1536-dimensional codes: half of a core's second-level cache
constexpr std::size_t kLanes = 4;           // rows that share each load of the other row

PLATFORM_WIDEST
std::int32_t product_of(const std::int16_t* a, const std::int16_t* b, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
  return sum;
}

/// Four rows against one.
PLATFORM_WIDEST
void four_products(const std::int16_t* rows, std::size_t n, const std::int16_t* b, std::int32_t* out) {
  std::int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  const auto *a0 = rows, *a1 = rows + n, *a2 = rows + 2 * n, *a3 = rows + 3 * n;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t y = b[i];
    s0 += static_cast<std::int32_t>(a0[i]) * y;
    s1 += static_cast<std::int32_t>(a1[i]) * y;
    s2 += static_cast<std::int32_t>(a2[i]) * y;
    s3 += static_cast<std::int32_t>(a3[i]) * y;
  }
  out[0] = s0, out[1] = s1, out[2] = s2, out[3] = s3;
}

/// Counts pairs of one block of rows with another (or with itself: each pair once).
void count_pairs(const CodeMatrix& matrix, std::size_t first, std::size_t second, std::int32_t least,
                 std::vector<std::uint32_t>& counts) {
  const auto rows = matrix.rows();
  const auto first_end = std::min(first + kRowsPerBlock, rows);
  const auto second_end = std::min(second + kRowsPerBlock, rows);
  const auto note = [&](std::size_t a, std::size_t b, std::int32_t value) {
    if (value < least) return;
    ++counts[a];
    ++counts[b];
  };
  for (std::size_t b = second; b < second_end; ++b) {
    const auto other = matrix.row(b);
    const auto end = first == second ? b : first_end;
    std::size_t a = first;
    std::int32_t found[kLanes];
    for (; a + kLanes <= end; a += kLanes) {
      four_products(matrix.row(a).data(), matrix.dimensions(), other.data(), found);
      for (std::size_t lane = 0; lane < kLanes; ++lane) note(a + lane, b, found[lane]);
    }
    for (; a < end; ++a) note(a, b, product_of(matrix.row(a).data(), other.data(), matrix.dimensions()));
  }
}

}  // namespace

void CodeMatrix::add(std::span<const std::int16_t> code) {
  if (code.size() != dimensions_)
    throw std::invalid_argument("a code has " + std::to_string(code.size()) + " components, allowed are " +
                                std::to_string(dimensions_));
  values_.insert(values_.end(), code.begin(), code.end());
}

std::int32_t product(std::span<const std::int16_t> a, std::span<const std::int16_t> b) {
  return product_of(a.data(), b.data(), std::min(a.size(), b.size()));
}

void products(const CodeMatrix& matrix, std::span<const std::int16_t> code, std::span<std::int32_t> out) {
  std::size_t i = 0;
  for (; i + kLanes <= matrix.rows(); i += kLanes)
    four_products(matrix.row(i).data(), matrix.dimensions(), code.data(), out.data() + i);
  for (; i < matrix.rows(); ++i) out[i] = product(matrix.row(i), code);
}

std::vector<std::uint32_t> neighbour_counts(const CodeMatrix& matrix, std::int32_t least, unsigned threads,
                                            const std::function<bool()>& stop) {
  const auto blocks = (matrix.rows() + kRowsPerBlock - 1) / kRowsPerBlock;
  std::atomic<std::size_t> next = 0;
  std::vector<std::uint32_t> counts(matrix.rows());
  std::mutex mutex;
  const auto work = [&] {
    std::vector<std::uint32_t> own(matrix.rows());
    for (auto block = next++; block < blocks && !(stop && stop()); block = next++)
      for (std::size_t other = 0; other <= block; ++other)
        count_pairs(matrix, other * kRowsPerBlock, block * kRowsPerBlock, least, own);
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < own.size(); ++i) counts[i] += own[i];
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::min<std::size_t>(threads, blocks); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  return counts;
}

}  // namespace platform::patterns
