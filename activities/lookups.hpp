#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pqxx/transaction_base>

#include <activities/action_items.hpp>
#include <activities/bounded_cache.hpp>
#include <activities/call_key.hpp>
#include <activities/call_report.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

struct Services;

/// What messages to an organization's people need.
struct OrganizationContact {
  std::string sms_to, email_to;  ///< empty: not configured
};

/// Rows that several steps of one run read, on a lane or a pool thread of the same process. Reports and action items
/// never change once written; contacts may be half a minute old.
struct Caches {
  BoundedCache<CallKey, CallReport> reports{64u << 20};
  BoundedCache<CallKey, std::vector<ActionItem>> action_items{16u << 20};
  BoundedCache<holdfast::Uuid, OrganizationContact> contacts{4u << 20, std::chrono::seconds(30)};
};

/// Each finds its value in the caches, or else reads it: through `tx`, whose tenant it then sets, or on a connection of
/// the pool when that is nullptr. Steps on a lane pass their transaction.

/// The end-of-call report of a call. Throws holdfast::ApplicationError "ReportNotFound" or "BadReport", not retried.
std::shared_ptr<const CallReport> report_of(Services& services, const CallKey& call,
                                            pqxx::transaction_base* tx = nullptr);

/// The call's stored action items, in order.
std::shared_ptr<const std::vector<ActionItem>> action_items_of(Services& services, const CallKey& call,
                                                               pqxx::transaction_base* tx = nullptr);

/// Throws holdfast::ApplicationError "OrganizationNotFound", not retried.
std::shared_ptr<const OrganizationContact> contact_of(Services& services, const holdfast::Uuid& organization,
                                                      pqxx::transaction_base* tx = nullptr);

}  // namespace platform
