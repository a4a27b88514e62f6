#pragma once

#include <cstdint>

#include <activities/meter_errors.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct MeterErrorsHandled {
  std::int64_t rejected = 0;  ///< reports of ours that were taken back
  std::int64_t unnamed = 0;   ///< errors that the vendor counted without naming our report
};
BOOST_DESCRIBE_STRUCT(MeterErrorsHandled, (), (rejected, unnamed))

/// The payment vendor says that usage which it had taken does not count: what is named is owed again. Started by the
/// vendor's callback. Workflow id: stripe-event-{event id}.
inline const holdfast::WorkflowType<VendorEventKey, MeterErrorsHandled> kMeterErrors{"MeterErrors", kBillingQueue};

holdfast::Workflow<MeterErrorsHandled> meter_errors(holdfast::Context ctx, VendorEventKey event);

}  // namespace platform
