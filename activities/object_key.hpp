#pragma once

#include <string>

#include <activities/call_key.hpp>

namespace platform {

/// Where a call's audio is kept: /{organization}/{year}/{month}/{call}.wav, by the call's creation time (UTC).
/// Characters of the vendor's id that do not belong into a path are percent-encoded.
std::string recording_object_key(const CallKey& call);

/// The id of a call's message to an endpoint; goes into webhook-id and workflow ids, so only [A-Za-z0-9_-] are kept.
std::string call_message_id(const CallKey& call);

}  // namespace platform
