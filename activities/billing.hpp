#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <activities/usage_alerts.hpp>
#include <holdfast/core/nothing.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

inline constexpr const char* kBillingCycleType = "BillingCycle";

struct BillingKey {
  holdfast::Uuid organization_id;
  bool retry_refused = false;  ///< also what the vendor refused or rejected a short while ago
};
BOOST_DESCRIBE_STRUCT(BillingKey, (), (organization_id, retry_refused))

/// A billing period: from its start up to, and without, its end.
struct BillingPeriod {
  holdfast::Uuid organization_id;
  holdfast::Timestamp period_start;
  holdfast::Timestamp period_end;
};
BOOST_DESCRIBE_STRUCT(BillingPeriod, (), (organization_id, period_start, period_end))

/// Names one quantity that is told to the vendor: a row of platform.usage_reports.
struct ReportKey {
  holdfast::Uuid organization_id;
  holdfast::Timestamp period_start;
  std::int64_t seq = 0;
};
BOOST_DESCRIBE_STRUCT(ReportKey, (), (organization_id, period_start, seq))

/// What has to be done for one period.
struct Settlement {
  bool is_due = false;        ///< false: nothing, for any period; the rest is unset then
  bool is_current = false;    ///< the organization has to move on from this period
  bool has_customer = false;  ///< without one nothing can be reported
  BillingPeriod period;
  std::int64_t used_minutes = 0;
  std::int64_t included_minutes = 0;
  std::int64_t overage_minutes = 0;
  std::vector<std::int64_t> reports;  ///< seq of those that the vendor does not have yet, in order
};
BOOST_DESCRIBE_STRUCT(Settlement, (),
                      (is_due, is_current, has_customer, period, used_minutes, included_minutes, overage_minutes,
                       reports))

struct ReportSent {
  bool found = false;  ///< an earlier attempt had got through
};
BOOST_DESCRIBE_STRUCT(ReportSent, (), (found))

/// A report that will never count under its identifier.
struct ReportRefusal {
  ReportKey report;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(ReportRefusal, (), (report, reason))

struct PeriodMoved {
  bool moved = false;  ///< false: it had moved before, or is not reported yet
};
BOOST_DESCRIBE_STRUCT(PeriodMoved, (), (moved))

/// The failure type of a report whose time the vendor does not take any more: it is planned again under another one.
inline constexpr const char* kReportExpired = "ReportExpired";

/// For as long as it takes: the outcome of a report is always found out, and the period does not move before.
inline holdfast::ActivityOptions report_options() {
  auto options = step_options();
  options.retry.max_attempts = 0;
  options.retry.maximum_interval = std::chrono::minutes(10);
  return options;
}

/// Finds the organization's oldest period that has something to settle, computes its overage from the ledger, and
/// writes down what is to be reported: the difference to what was reported before, under an identifier of its own.
inline const holdfast::TransactionalActivity<BillingKey, Settlement> settle_period{"settle_period", step_options()};

/// Reports one quantity to the vendor, at most once whatever happens. An attempt that comes after the vendor's window
/// for duplicates asks first whether an earlier one counted.
inline const holdfast::Activity<ReportKey, ReportSent> report_usage{"report_usage", report_options()};

/// Writes down that the vendor has it.
inline const holdfast::TransactionalActivity<ReportKey> record_report{"record_report", step_options()};

/// Writes down that the vendor refused it for good, and tells the organization; an hour later it is tried again.
inline const holdfast::TransactionalActivity<ReportRefusal> record_refusal{"record_refusal", step_options()};

/// Writes down that it became too old to be reported; its quantity is planned again.
inline const holdfast::TransactionalActivity<ReportRefusal> expire_report{"expire_report", step_options()};

/// Moves the organization to its next period, which is what resets its counter, in one commit. Only when everything of
/// the period was reported, or there is no customer to report it for.
inline const holdfast::TransactionalActivity<BillingPeriod, PeriodMoved> close_period{"close_period", step_options()};

}  // namespace platform
