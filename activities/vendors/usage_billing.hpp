#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace platform::vendors {

/// One quantity of usage for one customer.
struct MeterEvent {
  std::string identifier;           ///< deterministic, 1 to 100 bytes; the vendor counts it once per day at least
  std::string request_key;          ///< of this attempt: a request that something on the way repeats is one request
  std::string customer_id;          ///< the vendor's
  std::int64_t quantity = 0;        ///< whole units; a correction may be negative
  std::chrono::sys_seconds time{};  ///< when it was used; not older than kOldestMeterEvent
};

/// Why events that the vendor had taken do not count after all.
struct MeterError {
  std::string identifier;  ///< of the event
  std::string code;
  std::string message;
};

/// What a vendor reports later about events that it had taken.
struct MeterErrorReport {
  std::string summary;
  std::int64_t error_count = 0;     ///< of all errors; the vendor may name fewer
  std::vector<MeterError> samples;  ///< those that it names
};

/// How long the vendor surely recognizes a repeated identifier, with an hour to spare.
inline constexpr std::chrono::hours kMeterEventWindow{23};
/// How old an event may be, with a day to spare.
inline constexpr std::chrono::hours kOldestMeterEvent{34 * 24};

/// Tells the payment vendor what was used. Thread-safe. One call at a time per customer. Every failure is a
/// VendorError.
class UsageBilling {
 public:
  virtual ~UsageBilling() = default;

  /// Reports an event. An identifier that the vendor has already is a success. After `unknown_outcome` repeat it within
  /// kMeterEventWindow of the first attempt; later ask `reported` first.
  virtual void report(const MeterEvent& event) = 0;

  /// The sum of the customer's events with a time in [from, to), both at whole minutes. Events that were reported in
  /// the last minutes may be missing.
  virtual std::int64_t reported(const std::string& customer_id, std::chrono::sys_seconds from,
                                std::chrono::sys_seconds to) = 0;

  /// The error report that a vendor's callback speaks of.
  virtual MeterErrorReport error_report(const std::string& event_id) = 0;
};

/// Throws VendorError (permanent; codes invalid_identifier, invalid_customer).
void check_meter_event(const MeterEvent& event);

/// Needs no vendor: the row that the next step writes (platform.usage_reports, reported_at) is the report.
class LocalUsageBilling final : public UsageBilling {
 public:
  void report(const MeterEvent& event) override { check_meter_event(event); }
  std::int64_t reported(const std::string&, std::chrono::sys_seconds, std::chrono::sys_seconds) override { return 0; }
  MeterErrorReport error_report(const std::string& event_id) override;
};

}  // namespace platform::vendors
