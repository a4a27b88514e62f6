#include <holdfast/http/metrics.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::http {
namespace {

/// Labels escape quotes as well; HELP texts do not.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

}  // namespace

void LatencyHistogram::observe(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)),
                         std::memory_order_relaxed);
}

void MetricsText::counter(std::string_view name, std::string_view help, std::int64_t value, const Labels& labels) {
  head(name, help, "counter");
  sample(name, labels, fmt::to_string(value));
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value, const Labels& labels) {
  head(name, help, "gauge");
  sample(name, labels, fmt::to_string(value));
}

void MetricsText::histogram(std::string_view name, std::string_view help, const LatencyHistogram& histogram,
                            const Labels& labels) {
  head(name, help, "histogram");
  std::uint64_t sum = 0;
  const auto bucket_name = fmt::format("{}_bucket", name);
  for (std::size_t i = 0; i < histogram.counts_.size(); ++i) {
    sum += histogram.counts_[i].load(std::memory_order_relaxed);
    const auto bound = i < LatencyHistogram::kBounds.size() ? fmt::to_string(LatencyHistogram::kBounds[i]) : "+Inf";
    auto with_bound = labels;
    with_bound.emplace_back("le", bound);
    sample(bucket_name, with_bound, fmt::to_string(sum));
  }
  const double seconds = static_cast<double>(histogram.nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
  sample(fmt::format("{}_sum", name), labels, fmt::to_string(seconds));
  sample(fmt::format("{}_count", name), labels, fmt::to_string(sum));
}

void MetricsText::head(std::string_view name, std::string_view help, std::string_view type) {
  if (current_ == name) return;
  current_ = name;
  text_ += fmt::format("# HELP {} ", name);
  append_escaped(text_, help, false);
  text_ += fmt::format("\n# TYPE {} {}\n", name, type);
}

void MetricsText::sample(std::string_view name, const Labels& labels, std::string_view value) {
  text_ += name;
  if (!labels.empty()) {
    char separator = '{';
    for (const auto& [label, label_value] : labels) {
      text_ += separator;
      text_ += label;
      text_ += "=\"";
      append_escaped(text_, label_value, true);
      text_ += '"';
      separator = ',';
    }
    text_ += '}';
  }
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

}  // namespace holdfast::http
