#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform::traffic {

struct CallTrafficOptions {
  std::uint64_t seed = 1;
  std::int64_t organizations = 100;
  std::int64_t calls = 10'000;                                  ///< that took place; duplicates come on top
  std::chrono::year_month month = std::chrono::year(2026) / 1;  ///< all calls began in it (UTC)
  double late_share = 0.01;                                     ///< of the reports come after everything else
  double duplicate_share = 0.01;                                ///< of the reports come twice
};

/// One phone call of the month.
struct TrafficCall {
  std::int64_t organization = 0;  ///< 0 to organizations - 1
  std::string id;                 ///< unique among all organizations
  holdfast::Timestamp started_at;
  std::int64_t duration_ms = 0;     ///< 0: nobody spoke
  std::int64_t cost_micro_usd = 0;  ///< millionths of a dollar
  std::string ended_reason;         ///< as the vendor names it
  std::string from_number;
  bool has_transcript = false, has_recording = false;
};

/// A month of phone calls: organizations of very different sizes, more calls by day than by night, many short and few
/// long ones, some that failed. Every call can be made by its number, so a month needs no memory; the same options give
/// the same month. Thread-safe.
class CallTraffic {
 public:
  /// Throws std::invalid_argument that names the option.
  explicit CallTraffic(CallTrafficOptions options);

  const CallTrafficOptions& options() const { return options_; }
  holdfast::Uuid organization_id(std::int64_t organization) const;
  holdfast::Timestamp begin() const;  ///< of the month
  holdfast::Timestamp end() const;    ///< of the month, exclusive

  /// Call 0 to calls - 1, in no order of time.
  TrafficCall call(std::int64_t n) const;
  /// The vendor's end-of-call-report of call n.
  std::string report(std::int64_t n) const;

  /// The calls whose reports arrive, in the order of arrival: days one after the other, duplicates soon after their
  /// originals, late ones at the end.
  std::vector<std::int64_t> arrivals() const;

 private:
  CallTrafficOptions options_;
  std::vector<double> sizes_;  ///< of organizations: cumulative shares
};

}  // namespace platform::traffic
