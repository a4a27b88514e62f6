#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/time.hpp>

namespace platform {

/// Calls that the vendor changed after `after` and not after `before`, the latest first.
struct ReconcilePage {
  holdfast::Timestamp after, before;
  std::int64_t limit = 100;
};
BOOST_DESCRIBE_STRUCT(ReconcilePage, (), (after, before, limit))

struct ReconciledPage {
  std::int64_t seen = 0;                        ///< calls that ended
  std::int64_t filed = 0;                       ///< of these: had not reported, and are processed now
  std::int64_t ownerless = 0;                   ///< of these: no organization of ours has the assistant or the number
  std::optional<holdfast::Timestamp> oldest{};  ///< go on before it; nothing: there are no more
};
BOOST_DESCRIBE_STRUCT(ReconciledPage, (), (seen, filed, ownerless, oldest))

/// Asks the vendor for a page of calls, and files an end-of-call-report for each that ended and never sent one: the
/// same row, the same workflow id and the same transaction as when the vendor's own report comes in. So a report that
/// comes late, or comes at the same time, is a duplicate, and repeating a page changes nothing.
inline const holdfast::Activity<ReconcilePage, ReconciledPage> reconcile_calls{"reconcile_calls", step_options()};

}  // namespace platform
