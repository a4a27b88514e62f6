#include <activities/patterns/background.hpp>

#include <algorithm>

namespace platform::patterns {
namespace {

constexpr std::size_t kFewestTexts = 200;
constexpr std::size_t kSampledTexts = 600;
constexpr double kDeviations = 4;
constexpr double kLowerDeviation = 0.1587;  // this share of a normal distribution lies below one deviation

}  // namespace

double neighbour_limit(const CodeMatrix& codes, double least, double most) {
  if (codes.rows() < kFewestTexts) return least;
  const auto texts = std::min(codes.rows(), kSampledTexts);
  std::vector<std::int32_t> found;
  found.reserve(texts * (texts - 1) / 2);
  const auto row = [&](std::size_t i) { return codes.row(i * codes.rows() / texts); };
  for (std::size_t i = 0; i < texts; ++i)
    for (std::size_t j = 0; j < i; ++j) found.push_back(product(row(i), row(j)));
  const auto quantile = [&](double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(found.size()));
    std::ranges::nth_element(found, found.begin() + at);
    return static_cast<double>(found[static_cast<std::size_t>(at)]) / kOne;
  };
  const double median = quantile(0.5);
  return std::clamp(median + kDeviations * (median - quantile(kLowerDeviation)), least, most);
}

}  // namespace platform::patterns
