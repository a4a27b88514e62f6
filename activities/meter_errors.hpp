#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <activities/billing.hpp>

namespace platform {

struct VendorEventKey {
  std::string event_id;
};
BOOST_DESCRIBE_STRUCT(VendorEventKey, (), (event_id))

/// A report that the vendor took and rejected afterwards.
struct RejectedUsage {
  holdfast::Uuid organization_id;
  std::string identifier;
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(RejectedUsage, (), (organization_id, identifier, code, message))

struct MeterErrors {
  std::vector<RejectedUsage> rejected;  ///< those that are ours and that the vendor names
  std::int64_t unnamed = 0;             ///< further errors: of reports of others, or beyond the vendor's samples
  std::string summary;
};
BOOST_DESCRIBE_STRUCT(MeterErrors, (), (rejected, unnamed, summary))

/// Reads from the vendor what an error callback is about.
inline const holdfast::Activity<VendorEventKey, MeterErrors> read_meter_errors{"read_meter_errors", report_options()};

/// Takes a report back that the vendor rejected: its quantity is owed again and reported anew a day later. Tells the
/// organization. Repeating it changes nothing.
inline const holdfast::TransactionalActivity<RejectedUsage> record_rejected_usage{"record_rejected_usage",
                                                                                  step_options()};

}  // namespace platform
