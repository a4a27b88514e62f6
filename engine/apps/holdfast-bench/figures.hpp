#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What one measurement gave, by the names of docs/benchmarks.md.
class Figures {
 public:
  void set(const std::string& name, double value) { values_[name] = value; }
  std::optional<double> get(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  void add(const Figures& others) { values_.insert(others.values_.begin(), others.values_.end()); }
  const std::map<std::string, double>& values() const { return values_; }

 private:
  std::map<std::string, double> values_;
};

/// Each figure's median over the repeats in which it occurs.
Figures median(const std::vector<Figures>& repeats);

/// Collects durations and tells their quantiles.
class Durations {
 public:
  void add(double milliseconds) { values_.push_back(milliseconds); }
  std::size_t size() const { return values_.size(); }
  /// `q` in [0, 1]; 0 for an empty collection.
  double quantile(double q) const;

 private:
  mutable std::vector<double> values_;
};

/// What a scenario reports.
struct Report {
  std::string scenario;
  std::vector<Figures> repeats;
  std::vector<std::string> remarks;  ///< what a reader has to know about the figures
};

/// One JSON object on one line: scenario, repeats and the medians; `details` adds every repeat's figures.
std::string to_json(const Report& report);
/// For people: the medians, and the lowest and highest value of each figure.
std::string to_text(const Report& report);

}  // namespace bench
