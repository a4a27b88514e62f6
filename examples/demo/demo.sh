#!/usr/bin/env bash
# The demonstration: ./dev demo, or examples/demo/demo.sh BIN_DIRECTORY
#
# Starts a PostgreSQL of its own, the worker, the API and a stand-in for the outside world; posts VAPI webhooks; and
# shows what became of them. Everything is in a new folder that is removed at the end, so it can run again and again.
# Exit code 0: everything that was expected was seen.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=${1:?usage: demo.sh BIN_DIRECTORY}
bin=$(cd "$bin" 2>/dev/null && pwd -P) || bin=$1

organization=0193f5a0-0000-7000-8000-00000000d3a0
vapi_secret=demo-vapi-secret
hook_secret=whsec_$(printf 'demo endpoint secret, 32 bytes..' | base64)
call=call-demo-1
silent_call=call-demo-2

title() { printf '\n=== %s\n' "$*"; }
say() { printf '    %s\n' "$*"; }
die() {
  printf '\ndemo: FAILED: %s\n' "$*" >&2
  if [ -n "${work:-}" ]; then
    for log in "$work"/dev.log "$work"/standin.log "$work"/*/worker.log "$work"/*/api.log; do
      [ -s "$log" ] || continue
      printf -- '--- the end of %s\n' "$log" >&2
      tail -n 15 "$log" >&2
    done
  fi
  exit 1
}

for program in wfctl platform-worker platform-api holdfast-standin; do
  [ -x "$bin/$program" ] || die "$bin/$program is missing; ./dev build makes it"
done
for program in curl jq openssl psql; do
  command -v "$program" >/dev/null || die "the program $program is missing (.ci/packages.txt lists what is needed)"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-demo.XXXXXX")
chmod 755 "$work" # PostgreSQL may have to run as another user
dev_pid='' standin_pid=''

clean_up() {
  local status=$? pid
  trap - EXIT INT TERM
  for pid in $dev_pid $standin_pid; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $dev_pid $standin_pid; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# until_true SECONDS COMMAND...: repeats the command until it succeeds.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

free_port() {
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
      printf '%s\n' "$port"
      return
    }
  done
  die "no free port found"
}

still_running() { kill -0 "$1" 2>/dev/null; }

expect() { # expect WHAT ACTUAL WANTED
  [ "$2" = "$3" ] || die "$1: expected '$3', got '$2'"
  say "$1: $2"
}

# --- start ------------------------------------------------------------------------------------------------------

title "Starting PostgreSQL, worker, API and the stand-in for the outside world"
"$bin/holdfast-standin" --port 0 >"$work/standin.log" 2>&1 &
standin_pid=$!
standin_is_up() { grep -q 'http://' "$work/standin.log"; }
until_true 10 standin_is_up || die "holdfast-standin did not start"
outside=$(grep -o 'http://[^ ]*' "$work/standin.log" | head -n 1)

# The payment vendor is outside, too; its key is the stand-in's.
export STRIPE_BASE_URL=$outside STRIPE_API_KEY=sk_test_standin STRIPE_METER_ID=mtr_standin

port=$(free_port)
"$bin/wfctl" dev --dir "$work/stack" --port "$port" >"$work/dev.log" 2>&1 &
dev_pid=$!
dev_is_up() { ! still_running "$dev_pid" || grep -q '^API' "$work/dev.log"; }
until_true 120 dev_is_up || die "wfctl dev did not come up within 120 s"
still_running "$dev_pid" || die "wfctl dev ended"
HOLDFAST_DATABASE_URL=$(sed -n 's/^database  *//p' "$work/dev.log")
export HOLDFAST_DATABASE_URL
api=http://127.0.0.1:$port
say "API       $api"
say "database  $HOLDFAST_DATABASE_URL"
say "outside   $outside"

sql() { # sql STATEMENT: as the owner of the database, with the demo's organization as the tenant
  PGOPTIONS="-c app.organization_id=$organization" psql -X -q -v ON_ERROR_STOP=1 "$HOLDFAST_DATABASE_URL" "${@:2}" -c "$1"
}
value() { sql "$1" -A -t; }

title "Creating an organization with an endpoint for webhooks"
psql -X -q -v ON_ERROR_STOP=1 -v id="$organization" -v vapi_secret="$vapi_secret" -v hook_url="$outside/hooks/practice" \
  -v hook_secret="$hook_secret" -f "$here/organization.sql" "$HOLDFAST_DATABASE_URL" || die "the organization was not created"
curl -sS -f -o "$work/answer" -X POST -H 'Content-Type: application/json' -d "{\"secrets\": [\"$hook_secret\"], \"status\": 503, \"times\": 1}" \
  "$outside/__standin/hooks/practice" || die "the stand-in refused the endpoint's secret"
say "Lakeside Dental ($organization), webhooks go to $outside/hooks/practice, which is down for the first one"

# --- webhooks ---------------------------------------------------------------------------------------------------

now=$(date +%s)
utc() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%S.000Z; }

fill_in() { # fill_in TEMPLATE CALL > body
  sed -e "s/@CALL@/$2/g" -e "s/@NOW_MS@/${now}000/" -e "s/@CREATED@/$(utc $((now - 100)))/" \
    -e "s/@STARTED@/$(utc $((now - 95)))/" -e "s/@ENDED@/$(utc $((now - 4)))/" "$here/$1"
}

post() { # post BODY_FILE [SECRET]: posts as VAPI does, prints the HTTP status
  local timestamp signature
  timestamp=$(date +%s)
  signature=$({ printf '%s.' "$timestamp" && cat "$1"; } | openssl dgst -sha256 -hmac "${2:-$vapi_secret}" -r | cut -d ' ' -f 1)
  curl -sS --max-time 20 -o "$work/answer" -w '%{http_code}' -H 'Content-Type: application/json' \
    -H "x-timestamp: $timestamp" -H "x-signature: $signature" --data-binary "@$1" "$api/webhooks/vapi/$organization"
}

title "Posting VAPI's webhooks, signed with HMAC-SHA256"
fill_in call-started.json "$call" >"$work/started.json"
fill_in completed-call.json "$call" >"$work/completed.json"
fill_in call-without-transcript.json "$silent_call" >"$work/silent.json"
fill_in completed-call.json call-forged >"$work/forged.json"
expect "a call began" "$(post "$work/started.json") $(<"$work/answer")" '200 {"status":"stored"}'
expect "it ended, with transcript and recording" "$(post "$work/completed.json") $(<"$work/answer")" '200 {"status":"stored"}'
expect "the same report again" "$(post "$work/completed.json") $(<"$work/answer")" '200 {"status":"duplicate"}'
expect "another call ended, without transcript" "$(post "$work/silent.json") $(<"$work/answer")" '200 {"status":"stored"}'
expect "a report with a bad signature" "$(post "$work/forged.json" wrong-secret)" 401

# --- what became of them ----------------------------------------------------------------------------------------

title "Waiting for the runs"
for id in "call-started-$organization-$call" "call-$organization-$call" "call-$organization-$silent_call"; do
  result=$("$bin/wfctl" run result "$id" --timeout 60s) || die "run $id did not complete: $result"
  say "$id: $(tr -d '\n' <<<"$result")"
done
deliveries_done() { [ "$(value "SELECT count(*) FROM platform.webhook_deliveries WHERE status = 'delivered'")" = 2 ]; }
until_true 60 deliveries_done || die "the webhooks were not delivered within 60 s"
webhook_runs_done() { [ "$("$bin/wfctl" run list --type WebhookDelivery --status completed -o ids | wc -l)" -ge 2 ]; }
until_true 30 webhook_runs_done || die "the delivery runs did not complete within 30 s"

title "The runs (wfctl run list)"
"$bin/wfctl" run list
expect "runs of the duplicated report" \
  "$(value "SELECT count(*) FROM holdfast.runs WHERE workflow_id = 'call-$organization-$call'")" 1
expect "runs of the forged report" \
  "$(value "SELECT count(*) FROM holdfast.runs WHERE workflow_id LIKE '%call-forged%'")" 0
expect "runs that are not completed" "$(value "SELECT count(*) FROM holdfast.runs WHERE status <> 'completed'")" 0

title "The history of the call with a transcript (wfctl run history call-$organization-$call)"
"$bin/wfctl" run history "call-$organization-$call"
title "The history of the call without (wfctl run history call-$organization-$silent_call)"
"$bin/wfctl" run history "call-$organization-$silent_call"

title "The rows that they wrote"
rows() {
  printf '\n  %s\n' "$1"
  sql "$2" -P border=2 -P footer=off -P pager=off
}
rows platform.calls "SELECT id, status, direction, ended_reason, duration_ms, cost_usd FROM platform.calls ORDER BY id"
rows platform.call_transcripts "SELECT call_id, left(transcript, 50) AS transcript, left(summary, 40) AS summary FROM platform.call_transcripts"
rows platform.call_recordings "SELECT call_id, object_key FROM platform.call_recordings"
rows platform.call_actions "SELECT position, kind, left(text, 70) AS text, due FROM platform.call_actions ORDER BY call_id, position"
rows platform.usage_ledger "SELECT source, minutes FROM platform.usage_ledger ORDER BY source"
rows platform.organization_usage "SELECT slug, calls, minutes_used, plan_minutes FROM platform.organization_usage"
rows "platform.outbox (SMS and e-mail that a real vendor would have sent)" "SELECT channel, recipient, left(translate(body, E'\\n', ' '), 60) AS body FROM platform.outbox ORDER BY idempotency_key, channel"
rows platform.webhook_attempts "SELECT message_id, attempt, status_code, latency_ms FROM platform.webhook_attempts ORDER BY message_id, attempt"
expect "webhook attempts that failed, and were repeated" \
  "$(value "SELECT count(*) FROM platform.webhook_attempts WHERE status_code = 503")" 1
expect "calls" "$(value "SELECT count(*) FROM platform.calls")" 2
expect "transcripts" "$(value "SELECT count(*) FROM platform.call_transcripts")" 1
expect "recordings" "$(value "SELECT count(*) FROM platform.call_recordings")" 1
expect "minutes counted, each call once" "$(value "SELECT coalesce(sum(minutes), 0) FROM platform.usage_ledger")" 4
[ "$(value "SELECT count(*) FROM platform.call_actions")" -ge 1 ] || die "no action item was found in the transcript"

title "The webhooks as their receiver saw them"
curl -sS -f "$outside/__standin/hooks/practice" >"$work/hooks.json" || die "the stand-in's journal cannot be read"
jq -r '.[] | "    \(.id)  signature \(.verdict)  answered \(.status)\n      \(.body)"' "$work/hooks.json"
expect "refused deliveries" "$(jq '[.[] | select(.status == 503)] | length' "$work/hooks.json")" 1
expect "verified deliveries" "$(jq '[.[] | select(.verdict == "valid" and .status == 200)] | length' "$work/hooks.json")" 2
expect "doubled deliveries" "$(jq '[.[] | select(.repeated)] | length' "$work/hooks.json")" 0

# --- usage and billing ------------------------------------------------------------------------------------------

finish() { # finish TYPE ID QUEUE INPUT: starts a run, waits for its end, shows its result
  "$bin/wfctl" run start "$1" --id "$2" --queue "$3" --input "$4" -o ids >/dev/null || die "$1 was not started"
  result=$("$bin/wfctl" run result "$2" --timeout 60s) || die "run $2 did not complete: $result"
  say "$1: $(tr -d '\n' <<<"$result")"
}

title "Aggregating the day's usage (wfctl run start UsageAggregation)"
for day in $(date -u -d "@$((now - 100))" +%F) $(date -u +%F); do
  id=usage-$day
  "$bin/wfctl" run describe "$id" >/dev/null 2>&1 && continue # once, unless midnight has just passed
  finish UsageAggregation "$id" billing "{\"date\": \"$day\"}"
done
rows platform.daily_usage "SELECT date, calls, minutes, cost_usd, by_status FROM platform.daily_usage ORDER BY date"
rows platform.usage_alerts "SELECT percent, minutes_used FROM platform.usage_alerts ORDER BY percent"
expect "calls of the day" "$(value "SELECT sum(calls) FROM platform.daily_usage")" 2

title "Billing: the period ends, 2 of its 4 minutes are beyond the plan (wfctl run start BillingSweep)"
sql "UPDATE platform.organizations SET period_end = now() WHERE id = '$organization'"
finish BillingSweep billing-sweep-demo billing '{"grace_seconds": 0}'
result=$("$bin/wfctl" run result "billing-$organization" --timeout 60s) || die "the bill was not made: $result"
say "BillingCycle: $(tr -d '\n' <<<"$result")"
rows platform.billing_periods "SELECT used_minutes, included_minutes, overage_minutes, reported_minutes FROM platform.billing_periods"
rows platform.billing_events "SELECT kind, quantity FROM platform.billing_events ORDER BY created_at, kind"
curl -sS -f "$outside/__standin/stripe/totals" >"$work/totals.json" || die "the payment vendor's totals cannot be read"
expect "minutes that the payment vendor was told" "$(jq -r '.cus_lakeside' "$work/totals.json")" 2

# --- patterns ---------------------------------------------------------------------------------------------------

title "Posting interactions (POST /v1/interactions), and finding what recurs in them"
api_key=$(value "SELECT platform.create_api_key('$organization', 'demo')")
interact() { # interact TEXT
  curl -sS --max-time 20 -o "$work/answer" -w '%{http_code}' -H "Authorization: Bearer $api_key" \
    -H 'Content-Type: application/json' -d "{\"source\": \"web\", \"content\": \"$1\"}" "$api/v1/interactions"
}
taken=0
while IFS= read -r text; do
  [ "$(interact "$text")" = 202 ] || die "an interaction was refused: $(<"$work/answer")"
  taken=$((taken + 1))
done <"$here/interactions.txt"
say "$taken interactions were taken"
interactions_done() { [ "$("$bin/wfctl" run list --type InteractionProcessing --status completed -o ids | wc -l)" -ge "$taken" ]; }
until_true 60 interactions_done || die "the interactions were not processed within 60 s"
today=$(date -u +%F)
finish PatternDiscovery "patterns-$organization-day-$today" patterns \
  "{\"organization_id\": \"$organization\", \"period\": \"day\", \"start\": \"$today\"}"
curl -sS -f -H "Authorization: Bearer $api_key" "$api/v1/patterns" >"$work/patterns.json" || die "the patterns cannot be read"
jq -r '.data[] | "    \(.description)  (confidence \(.confidence))"' "$work/patterns.json"
[ "$(jq '.data | length' "$work/patterns.json")" -ge 1 ] || die "no pattern was found"
curl -sS -f -G -H "Authorization: Bearer $api_key" --data-urlencode 'q=invoice charged twice' "$api/v1/search" >"$work/found.json" ||
  die "the search failed"
say "search for \"invoice charged twice\": $(jq -r '.data[0] | "\(.kind): \(.text // .description // .title)"' "$work/found.json" | head -c 100)"

title "The engine's promises, checked on its tables (wfctl doctor)"
"$bin/wfctl" doctor || die "wfctl doctor found something"

title "To look at each of these yourself, while wfctl dev runs"
say "wfctl run list | run describe ID | run history ID      why a run waits, what it did"
say "wfctl run list --type WebhookDelivery                  deliveries and their attempts (also GET /v1/deliveries)"
say "wfctl run list --type BillingCycle                     bills (also GET /v1/billing/preview)"
say "wfctl run history patterns-ORGANIZATION-day-DATE       how patterns were found (also GET /v1/patterns, /v1/search)"
say "wfctl doctor                                           whether every promise holds"

title "Done: everything that was expected was seen"
