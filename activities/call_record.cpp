#include <activities/call_record.hpp>

#include <activities/bodies.hpp>
#include <activities/object_key.hpp>
#include <activities/services.hpp>
#include <activities/statement.hpp>
#include <holdfast/core/errors.hpp>

// Every statement sets its tenant first, because the runs of several tenants share a lane's transaction. It does so in
// the same round trip: what touches a table depends on the result of set_config, so it cannot run before it.

namespace platform::bodies {
namespace {

constexpr Statement kReadStart{"platform_read_start", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT e.body FROM tenant t CROSS JOIN LATERAL (
  SELECT body FROM platform.vapi_events
  WHERE organization_id = t.id AND created_at = $2::timestamptz AND call_id = $3
    AND type = 'status-update' AND status = 'in-progress' OFFSET 0) e)"};

constexpr Statement kInsertCall{"platform_insert_call", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.calls (organization_id, created_at, id, status, direction, assistant_id, from_number, started_at)
SELECT t.id, $2::timestamptz, $3, 'in-progress', nullif($4, ''), nullif($5, ''), nullif($6, ''),
       coalesce(nullif($7, '')::timestamptz, $2::timestamptz)
FROM tenant t
ON CONFLICT DO NOTHING)"};

constexpr Statement kUpdateCall{"platform_update_call", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id),
call AS (
  INSERT INTO platform.calls AS c (organization_id, created_at, id, status, direction, assistant_id, from_number,
                                   started_at, ended_at, ended_reason, duration_ms, cost_usd)
  SELECT t.id, $2::timestamptz, $3, $4, nullif($5, ''), nullif($6, ''), nullif($7, ''),
         nullif($8, '')::timestamptz, nullif($9, '')::timestamptz, nullif($10, ''), $11::bigint,
         nullif($12, '')::numeric
  FROM tenant t
  ON CONFLICT (organization_id, created_at, id) DO UPDATE SET
    status = excluded.status,
    direction = coalesce(excluded.direction, c.direction),
    assistant_id = coalesce(excluded.assistant_id, c.assistant_id),
    from_number = coalesce(excluded.from_number, c.from_number),
    started_at = coalesce(excluded.started_at, c.started_at),
    ended_at = excluded.ended_at,
    ended_reason = excluded.ended_reason,
    duration_ms = excluded.duration_ms,
    cost_usd = excluded.cost_usd,
    updated_at = now()
  RETURNING c.organization_id)
SELECT o.settings @> '{"notify": {"sms": true}}', o.settings @> '{"notify": {"email": true}}',
       o.settings @> '{"recordings": {"copy": true}}'
FROM call CROSS JOIN LATERAL (
  SELECT settings FROM platform.organizations WHERE id = call.organization_id OFFSET 0) o)"};

constexpr Statement kStoreTranscript{"platform_store_transcript", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.call_transcripts (organization_id, created_at, call_id, transcript, messages, summary)
SELECT t.id, $2::timestamptz, $3, $4, $5::json, $6 FROM tenant t
ON CONFLICT DO NOTHING)"};

constexpr Statement kStoreRecording{"platform_store_recording", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.call_recordings (organization_id, created_at, call_id, object_key, source_url, duration_ms)
SELECT t.id, $2::timestamptz, $3, $4, $5, $6::bigint FROM tenant t
ON CONFLICT DO NOTHING)"};

}  // namespace

holdfast::Nothing insert_call(Services& services, pqxx::transaction_base& tx, const CallKey& call) {
  const auto organization = call.organization_id.to_string();
  const auto created_at = holdfast::to_rfc3339(call.created_at);
  const auto event = services.sql(tx, kReadStart, organization, created_at, call.call_id);
  const auto facts = event.empty() ? CallReport{} : parse_call_report(event[0][0].c_str());
  services.sql(tx, kInsertCall, organization, created_at, call.call_id, facts.direction, facts.assistant_id,
               facts.from_number, facts.started_at);
  return {};
}

CallFacts update_call_record(Services& services, pqxx::transaction_base& tx, const CallKey& call) {
  const auto report = report_of(services, call, &tx);
  const auto rows =
      services.sql(tx, kUpdateCall, call.organization_id.to_string(), holdfast::to_rfc3339(call.created_at),
                   call.call_id, report->status, report->direction, report->assistant_id, report->from_number,
                   report->started_at, report->ended_at, report->ended_reason, report->duration_ms, report->cost_usd);
  if (rows.empty())
    throw holdfast::ApplicationError("OrganizationNotFound", "no organization " + call.organization_id.to_string(),
                                     true);
  CallFacts facts{.duration_ms = report->duration_ms,
                  .has_transcript = !report->transcript.empty(),
                  .has_recording = !report->recording_url.empty(),
                  .notify_by_sms = rows[0][0].as<bool>(),
                  .notify_by_email = rows[0][1].as<bool>()};
  if (facts.has_recording && rows[0][2].as<bool>()) facts.copy_recording = true;
  return facts;
}

holdfast::Nothing store_transcript(Services& services, pqxx::transaction_base& tx, const CallKey& call) {
  const auto report = report_of(services, call, &tx);
  services.sql(tx, kStoreTranscript, call.organization_id.to_string(), holdfast::to_rfc3339(call.created_at),
               call.call_id, report->transcript, report->messages, report->summary);
  return {};
}

holdfast::Nothing store_recording(Services& services, pqxx::transaction_base& tx, const CallKey& call) {
  const auto report = report_of(services, call, &tx);
  services.sql(tx, kStoreRecording, call.organization_id.to_string(), holdfast::to_rfc3339(call.created_at),
               call.call_id, recording_object_key(call), report->recording_url, report->duration_ms);
  return {};
}

}  // namespace platform::bodies
