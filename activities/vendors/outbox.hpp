#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace platform::vendors {

/// A message that the local "vendor" records instead of sending.
struct OutboxMessage {
  std::string channel;  ///< "sms" or "email"
  std::string organization_id;
  std::string idempotency_key;
  std::string recipient;
  std::string subject;
  std::string body;
};

/// Records one message; recording the same key again must change nothing. May throw: the caller's attempt fails then.
/// Called from any thread.
using OutboxSink = std::function<void(const OutboxMessage&)>;

/// The id that a recorded message gets: the same for the same channel and key.
std::string outbox_id(std::string_view channel, std::string_view idempotency_key);

}  // namespace platform::vendors
