#pragma once

#include <string>

#include <activities/services.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// A message to whoever owns an organization.
struct OwnerNotice {
  holdfast::Uuid organization_id;
  std::string idempotency_key;  ///< without the organization; the same for every attempt
  std::string subject;
  std::string text;
};

/// Sends it by e-mail and records it in platform.outbox. False if there is no owner. For ordinary activities: the
/// vendor's failures become activity failures.
bool email_owner(Services& services, const OwnerNotice& notice);

}  // namespace platform
