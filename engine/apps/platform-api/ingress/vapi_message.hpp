#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/time.hpp>
#include <ingress/errors.hpp>

namespace platform::ingress {

/// What the ingress reads of a VAPI server message; the rest is kept as bytes and read by the workflows.
struct VapiMessage {
  struct ToolCall {
    std::string id, name;
  };
  std::string type;
  /// Together with call id and type it names the event: the status of a status-update, the first id of tool-calls,
  /// empty for what comes once in a call, and "sha256:" and a digest of the message for everything else (transcript,
  /// conversation-update and so on come many times).
  std::string status;
  std::string call_id;  ///< of an event without a call: "sha256:" and the digest of the body
  std::optional<holdfast::Timestamp> call_created_at;
  std::string phone_number;  ///< the number that was called, or empty
  std::vector<ToolCall> tool_calls;

  bool starts_call() const { return type == "status-update" && status == "in-progress"; }
  bool ends_call() const { return type == "end-of-call-report"; }
};

/// Throws BadMessage: not JSON, no message object, no type, a report without a call id, a value that cannot be kept.
VapiMessage parse_vapi_message(std::string_view body);

/// The fixed answer of types that want one. `assistant_id`: empty if no assistant takes the call.
std::string answer_to(const VapiMessage& message, const std::string& assistant_id, const std::string& tool_result,
                      bool is_new);

}  // namespace platform::ingress
