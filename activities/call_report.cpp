#include <activities/call_report.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/time.hpp>

namespace platform {
namespace {

namespace json = boost::json;
using holdfast::Timestamp;

constexpr std::int64_t kLongestCallMs = 24LL * 3600 * 1000;  // a longer duration is an error of the sender's clock

const json::object kEmpty;

const json::object& member(const json::object& parent, std::string_view name) {
  const auto* value = parent.if_contains(name);
  return value && value->is_object() ? value->get_object() : kEmpty;
}

std::string text(const json::object& parent, std::string_view name) {
  const auto* value = parent.if_contains(name);
  if (!value || !value->is_string()) return {};
  std::string result(value->get_string());
  std::erase(result, '\0');
  return result;
}

std::string first_text(std::string a, std::string b) { return a.empty() ? b : a; }

std::optional<double> number(const json::object& parent, std::string_view name) {
  const auto* value = parent.if_contains(name);
  if (!value || !value->is_number()) return {};
  return value->to_number<double>();
}

/// Normalised, or empty if the vendor sent something else than a time.
std::string time_text(const json::object& message, const json::object& call, std::string_view name) {
  const auto raw = first_text(text(message, name), text(call, name));
  try {
    return raw.empty() ? raw : holdfast::to_rfc3339(holdfast::parse_rfc3339(raw));
  } catch (const std::invalid_argument&) {
    return {};
  }
}

std::int64_t duration_ms(const json::object& message, const CallReport& report) {
  double ms = 0;
  if (const auto given = number(message, "durationMs")) {
    ms = *given;
  } else if (const auto seconds = number(message, "durationSeconds")) {
    ms = std::round(*seconds * 1000);
  } else if (!report.started_at.empty() && !report.ended_at.empty()) {
    const auto span = holdfast::parse_rfc3339(report.ended_at) - holdfast::parse_rfc3339(report.started_at);
    ms = static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
  }
  return static_cast<std::int64_t>(std::clamp(ms, 0.0, static_cast<double>(kLongestCallMs)));
}

/// The vendor's list of reasons is open and grows; failures are told by their prefix.
bool is_failure(std::string_view reason) {
  for (const std::string_view prefix : {"pipeline-error-", "pipeline-no-", "call.start.error-",
                                        "call.in-progress.error-", "assistant-not-", "twilio-failed-"})
    if (reason.starts_with(prefix)) return true;
  return false;
}

std::string cost_text(const json::object& message, const json::object& call) {
  auto cost = number(message, "cost");
  if (!cost) cost = number(call, "cost");
  if (!cost || *cost < 0 || *cost >= 1e6) return {};
  return fmt::format("{:.6f}", *cost);
}

}  // namespace

CallReport parse_call_report(std::string_view body) {
  boost::system::error_code error;
  json::monotonic_resource memory(16 * 1024);
  json::parse_options options;
  options.max_depth = 64;  // as deep as the ingress lets in
  const auto document = json::parse(body, error, &memory, options);
  if (error) throw holdfast::ApplicationError("BadReport", "the report is not JSON: " + error.message(), true);
  if (!document.is_object() || !document.get_object().contains("message"))
    throw holdfast::ApplicationError("BadReport", "the report has no `message` object", true);

  const auto& message = member(document.get_object(), "message");
  const auto& call = member(message, "call");
  const auto& artifact = member(message, "artifact");
  CallReport report;
  report.direction = text(call, "type");
  report.assistant_id = first_text(text(call, "assistantId"), text(member(message, "assistant"), "id"));
  report.from_number =
      first_text(text(member(call, "customer"), "number"), text(member(message, "customer"), "number"));
  report.started_at = time_text(message, call, "startedAt");
  report.ended_at = time_text(message, call, "endedAt");
  report.ended_reason = first_text(text(message, "endedReason"), text(call, "endedReason"));
  report.status = is_failure(report.ended_reason) ? "failed" : "completed";
  report.duration_ms = duration_ms(message, report);
  report.cost_usd = cost_text(message, call);
  report.transcript = first_text(text(artifact, "transcript"), text(message, "transcript"));
  report.summary = first_text(text(member(message, "analysis"), "summary"), text(message, "summary"));
  report.recording_url = first_text(text(artifact, "recordingUrl"), text(message, "recordingUrl"));
  if (const auto* messages = artifact.if_contains("messages"); messages && messages->is_array())
    report.messages = json::serialize(*messages);
  return report;
}

}  // namespace platform
