#pragma once

#include <cstdint>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

struct RecordingCopied {
  std::int64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(RecordingCopied, (), (bytes))

/// Recordings above this are left where they are: fails for good with type "RecordingTooLarge".
inline constexpr std::size_t kLargestRecording = 128u << 20;

/// Copies the recording from the vendor of calls to object storage, under its object key. Repeating it puts the same
/// object again.
inline const holdfast::Activity<CallKey, RecordingCopied> copy_recording{"copy_recording", step_options()};

/// Writes down that the copy is there.
inline const holdfast::TransactionalActivity<CallKey> record_recording_copy{"record_recording_copy", step_options()};

}  // namespace platform
