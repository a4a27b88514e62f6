#include <activities/recording_copy.hpp>

#include <activities/bodies.hpp>
#include <activities/object_key.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

using holdfast::ApplicationError;

constexpr Statement kSetTenant{"platform_set_tenant", "SELECT set_config('app.organization_id', $1, true)"};

constexpr Statement kStored{"platform_recording_stored", R"(
UPDATE platform.call_recordings SET stored_at = coalesce(stored_at, now())
WHERE organization_id = $1::uuid AND created_at = $2::timestamptz AND call_id = $3)"};

std::string download(Services& services, const std::string& url) {
  auto result = services.downloads->send({.method = "GET",
                                          .url = url,
                                          .headers = {},
                                          .body = {},
                                          .deadline = std::chrono::seconds(20),
                                          .max_response_bytes = kLargestRecording,
                                          .repeatable = true});
  if (result.outcome != vendors::HttpOutcome::ok) throw vendors::VendorError(vendors::fault_of("vapi", result));
  if (result.body_truncated) throw ApplicationError("RecordingTooLarge", "the recording has more than 128 MiB", true);
  return std::move(result.body);
}

}  // namespace

RecordingCopied copy_recording(Services& services, const CallKey& call) {
  if (services.objects == nullptr || services.downloads == nullptr)
    throw ApplicationError("NotConfigured", "this worker has no object storage", true);
  const auto report = report_of(services, call);
  return as_activity_failure([&] {
    const auto audio = download(services, report->recording_url);
    services.objects->put(recording_object_key(call), audio, "audio/wav");
    return RecordingCopied{.bytes = static_cast<std::int64_t>(audio.size())};
  });
}

holdfast::Nothing record_recording_copy(Services& services, pqxx::transaction_base& tx, const CallKey& call) {
  const auto organization = call.organization_id.to_string();
  services.sql(tx, kSetTenant, organization);
  services.sql(tx, kStored, organization, holdfast::to_rfc3339(call.created_at), call.call_id);
  return {};
}

}  // namespace platform::bodies
