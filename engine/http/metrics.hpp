#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Durations in fixed buckets from 0.5 ms to 10 s. Thread-safe, lock-free.
class LatencyHistogram {
 public:
  static constexpr std::array<double, 14> kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025,
                                                     0.05,   0.1,   0.25,   0.5,   1,    2.5,   10};

  void observe(std::chrono::nanoseconds duration);

 private:
  friend class MetricsText;
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};  ///< the last one: above every bound
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

/// Builds an answer in Prometheus' text format 0.0.4. Samples of one name must follow one another; HELP and TYPE are
/// written before the first.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  void counter(std::string_view name, std::string_view help, std::int64_t value, const Labels& labels = {});
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  void histogram(std::string_view name, std::string_view help, const LatencyHistogram& histogram,
                 const Labels& labels = {});

  std::string take() { return std::move(text_); }

 private:
  void head(std::string_view name, std::string_view help, std::string_view type);
  void sample(std::string_view name, const Labels& labels, std::string_view value);

  std::string text_;
  std::string current_;
};

}  // namespace holdfast::http
