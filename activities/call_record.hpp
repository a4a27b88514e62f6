#pragma once

#include <cstdint>
#include <optional>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

/// What the rest of CallProcessing needs to know about a finished call.
struct CallFacts {
  std::int64_t duration_ms = 0;
  bool has_transcript = false;
  bool has_recording = false;
  bool notify_by_sms = false;  ///< the organization's settings
  bool notify_by_email = false;
  std::optional<bool> copy_recording{};  ///< nothing: no, so that most histories do not mention it
};
BOOST_DESCRIBE_STRUCT(CallFacts, (),
                      (duration_ms, has_transcript, has_recording, notify_by_sms, notify_by_email, copy_recording))

/// Inserts a call that has begun. Does nothing if the call is known: events may arrive in any order.
inline const holdfast::TransactionalActivity<CallKey> insert_call{"insert_call", step_options()};

/// Writes duration, status, ended reason and cost from the end-of-call report; inserts the call if its beginning was
/// never reported. Fails for good with type "ReportNotFound", "BadReport" or "OrganizationNotFound".
inline const holdfast::TransactionalActivity<CallKey, CallFacts> update_call_record{"update_call_record",
                                                                                    step_options()};

/// Stores transcript, messages and summary of the report.
inline const holdfast::TransactionalActivity<CallKey> store_transcript{"store_transcript", step_options()};

/// Stores the recording's metadata, with its place in object storage: /{organization}/{year}/{month}/{call}.wav
inline const holdfast::TransactionalActivity<CallKey> store_recording{"store_recording", step_options()};

}  // namespace platform
