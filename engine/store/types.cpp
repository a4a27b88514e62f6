#include <holdfast/store/types.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <holdfast/core/failure_json.hpp>
#include <holdfast/core/json_text.hpp>

namespace holdfast::store {
namespace {

constexpr std::array<std::string_view, 7> kRunStatuses{"running",    "completed",        "failed",   "canceled",
                                                       "terminated", "continued_as_new", "timed_out"};
constexpr std::array<std::string_view, 7> kMessageKinds{
    "signal", "cancel", "activity_completed", "activity_failed", "child_completed", "child_failed", "update"};
constexpr std::array<std::string_view, 4> kUpdateStages{"admitted", "accepted", "completed", "rejected"};

template <class Enum, std::size_t N>
Enum parse(const std::array<std::string_view, N>& names, std::string_view what, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) {
    throw std::invalid_argument("unknown " + std::string(what) + " \"" + std::string(text.substr(0, 64)) + "\"");
  }
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(RunStatus status) { return kRunStatuses.at(static_cast<std::size_t>(status)); }
RunStatus parse_run_status(std::string_view text) { return parse<RunStatus>(kRunStatuses, "run status", text); }

std::string_view to_string(MessageKind kind) { return kMessageKinds.at(static_cast<std::size_t>(kind)); }
MessageKind parse_message_kind(std::string_view text) {
  return parse<MessageKind>(kMessageKinds, "message kind", text);
}

std::optional<Failure> failure_of(const RunCommit& commit) {
  const bool has_one = commit.status == RunStatus::failed || commit.status == RunStatus::timed_out ||
                       commit.status == RunStatus::terminated;
  return commit.failure || !has_one ? commit.failure : std::optional(Failure{});
}

std::string_view to_string(UpdateStage stage) { return kUpdateStages.at(static_cast<std::size_t>(stage)); }
UpdateStage parse_update_stage(std::string_view text) {
  return parse<UpdateStage>(kUpdateStages, "update stage", text);
}

Payload encode_update_message(const UpdateMessage& message) {
  Payload out = "{\"update_id\":";
  append_json_string(out, message.update_id);
  out += ",\"input\":";
  out += message.input;
  out += '}';
  return out;
}

UpdateMessage decode_update_message(std::string_view json) {
  UpdateMessage message;
  JsonReader in(json);
  in.object([&](std::string_view key) {
    if (key == "update_id")
      message.update_id = in.string();
    else if (key == "input")
      message.input = in.raw();
    else
      in.skip();
  });
  in.end();
  return message;
}

Payload encode_activity_failure(const ActivityFailure& outcome) {
  Payload out = "{\"retry_state\":";
  append_json_string(out, to_string(outcome.retry_state));
  out += ",\"failure\":";
  append_failure(out, outcome.failure);
  out += '}';
  return out;
}

ActivityFailure decode_activity_failure(std::string_view json) {
  ActivityFailure outcome;
  JsonReader in(json);
  in.object([&](std::string_view key) {
    if (key == "retry_state") {
      outcome.retry_state = parse_retry_state(in.string());
    } else if (key == "failure") {
      outcome.failure = read_failure(in);
    } else {
      in.skip();
    }
  });
  in.end();
  return outcome;
}

}  // namespace holdfast::store
