#include <activities/report_cache.hpp>

#include <string>

#include <holdfast/core/errors.hpp>

namespace platform {
namespace {

// The tenant is set in the same round trip. The lateral subquery needs the result of set_config, so it cannot be
// scanned, and row-level security cannot be evaluated, before the setting is made.
constexpr Statement kReadReport{"platform_read_report", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT e.body FROM tenant t CROSS JOIN LATERAL (
  SELECT body FROM platform.vapi_events
  WHERE organization_id = t.id AND created_at = $2::timestamptz AND call_id = $3
    AND type = 'end-of-call-report' AND status = '' OFFSET 0) e)"};

}  // namespace

std::shared_ptr<const CallReport> ReportCache::get(pqxx::transaction_base& tx, const CallKey& call) {
  if (auto known = find(call)) return known;
  const auto rows = sql_(tx, kReadReport, call.organization_id.to_string(),
                            holdfast::to_rfc3339(call.created_at), call.call_id);
  if (rows.empty())
    throw holdfast::ApplicationError("ReportNotFound", "no end-of-call-report is stored for call " + call.call_id, true);
  auto report = std::make_shared<const CallReport>(parse_call_report(rows[0][0].c_str()));
  keep(call, report);
  return report;
}

std::shared_ptr<const CallReport> ReportCache::find(const CallKey& call) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(call);
  return entry == entries_.end() ? nullptr : entry->second.report;
}

void ReportCache::keep(const CallKey& call, std::shared_ptr<const CallReport> report) {
  const std::lock_guard lock(mutex_);
  if (entries_.contains(call)) return;
  bytes_ += report->bytes();
  entries_[call] = {std::move(report), oldest_first_.insert(oldest_first_.end(), call)};
  while (bytes_ > max_bytes_ && !oldest_first_.empty()) {
    const auto oldest = entries_.find(oldest_first_.front());
    bytes_ -= oldest->second.report->bytes();
    entries_.erase(oldest);
    oldest_first_.pop_front();
  }
}

}  // namespace platform
