#pragma once

#include <string>
#include <vector>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

/// What became of one message to a person.
struct NoticeOutcome {
  std::string channel;     ///< "sms" or "email"
  std::string status;      ///< "sent", "skipped" (no recipient configured) or "failed"
  std::string vendor_id;   ///< the vendor's id of the message, if it was sent
  std::string error;       ///< why it failed
};
BOOST_DESCRIBE_STRUCT(NoticeOutcome, (), (channel, status, vendor_id, error))

struct RecordNotices {
  CallKey call;
  std::vector<NoticeOutcome> outcomes;
};
BOOST_DESCRIBE_STRUCT(RecordNotices, (), (call, outcomes))

/// Tell the organization about the call, with summary and action items, at the address in its settings.
/// The text is built from stored rows, so every attempt sends the same bytes under the same idempotency key.
inline const holdfast::Activity<CallKey, NoticeOutcome> send_call_sms{"send_call_sms", step_options()};
inline const holdfast::Activity<CallKey, NoticeOutcome> send_call_email{"send_call_email", step_options()};

/// Records the outcomes in platform.notifications.
inline const holdfast::TransactionalActivity<RecordNotices> record_call_notices{"record_call_notices",
                                                                                step_options()};

}  // namespace platform
