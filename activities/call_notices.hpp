#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

struct CallNotice {
  CallKey call;
  std::int64_t action_items = 0;  ///< how many are stored; they are read by who writes the text
};
BOOST_DESCRIBE_STRUCT(CallNotice, (), (call, action_items))

/// What became of one message to a person. A message that could not be sent is a failure of the activity instead.
struct NoticeOutcome {
  bool sent = false;        ///< false: the organization has no recipient configured
  std::string channel{};    ///< "sms" or "email"
  std::string vendor_id{};  ///< the vendor's id of the message
};
BOOST_DESCRIBE_STRUCT(NoticeOutcome, (), (sent, channel, vendor_id))

struct SentNotices {
  CallNotice notice;
  std::vector<NoticeOutcome> sent;
};
BOOST_DESCRIBE_STRUCT(SentNotices, (), (notice, sent))

/// Tell the organization about the call, with summary and action items, at the address in its settings.
/// The text is built from stored rows, so every attempt sends the same bytes under the same idempotency key.
inline const holdfast::Activity<CallNotice, NoticeOutcome> send_call_sms{"send_call_sms", step_options()};
inline const holdfast::Activity<CallNotice, NoticeOutcome> send_call_email{"send_call_email", step_options()};

/// Writes what was sent to platform.outbox. With the local vendors this row is the message.
inline const holdfast::TransactionalActivity<SentNotices> record_call_notices{"record_call_notices", step_options()};

}  // namespace platform
