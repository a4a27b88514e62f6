#include "figures.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace bench {
namespace {

std::map<std::string, std::vector<double>> by_name(const std::vector<Figures>& repeats) {
  std::map<std::string, std::vector<double>> out;
  for (const auto& figures : repeats) {
    for (const auto& [name, value] : figures.values()) out[name].push_back(value);
  }
  for (auto& [name, values] : out) std::ranges::sort(values);
  return out;
}

double middle(const std::vector<double>& sorted) {
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/// Four significant digits say all that a measurement can.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
  return scale >= 1 ? std::round(value * scale) / scale : std::round(value);
}

}  // namespace

Figures median(const std::vector<Figures>& repeats) {
  Figures out;
  for (const auto& [name, values] : by_name(repeats)) out.set(name, middle(values));
  return out;
}

double Durations::quantile(double q) const {
  if (values_.empty()) return 0;
  std::ranges::sort(values_);
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values_.size())));
  return values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1];
}

std::string to_json(const Report& report) {
  const auto quoted = [](const std::string& text) { return boost::json::serialize(boost::json::value(text)); };
  std::string out = fmt::format(R"({{"scenario":{},"repeats":{})", quoted(report.scenario), report.repeats.size());
  const Figures medians = median(report.repeats);
  for (const auto& [name, value] : medians.values()) out += fmt::format(",{}:{}", quoted(name), rounded(value));
  std::string remarks;
  for (const auto& remark : report.remarks) remarks += (remarks.empty() ? "" : ",") + quoted(remark);
  return out + ",\"remarks\":[" + remarks + "]}";
}

std::string to_text(const Report& report) {
  std::string out = fmt::format("{} ({} repeats)\n", report.scenario, report.repeats.size());
  for (const auto& [name, values] : by_name(report.repeats)) {
    out += fmt::format("  {:<28} {:>12}", name, rounded(middle(values)));
    if (values.size() > 1) out += fmt::format("   {} to {}", rounded(values.front()), rounded(values.back()));
    out += "\n";
  }
  for (const auto& remark : report.remarks) out += "  - " + remark + "\n";
  return out;
}

}  // namespace bench
