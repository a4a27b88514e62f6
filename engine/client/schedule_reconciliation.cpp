#include <holdfast/client/schedule_reconciliation.hpp>

#include <algorithm>

namespace holdfast::client {

ReconciliationReport reconcile(const Schedules& schedules, std::span<const DeclaredSchedule> declared,
                               const std::string& origin, bool delete_removed) {
  ReconciliationReport report;
  for (const auto& schedule : declared) {
    const auto done = schedules.create_or_update(schedule.id, schedule.request,
                                                 {.paused = schedule.paused, .note = schedule.note, .origin = origin});
    if (done == ScheduleUpsert::unchanged) ++report.unchanged;
    if (done == ScheduleUpsert::created) report.created.push_back(schedule.id);
    if (done == ScheduleUpsert::updated) report.updated.push_back(schedule.id);
  }
  store::ScheduleFilter of_origin{.origin = origin, .limit = 1000};
  for (;;) {
    const auto page = schedules.list(of_origin);
    for (const auto& row : page) {
      const std::string& id = row.key.schedule_id;
      if (std::ranges::any_of(declared, [&](const DeclaredSchedule& d) { return d.id == id; })) continue;
      if (!delete_removed) {
        report.undeclared.push_back(id);
        continue;
      }
      try {
        schedules.remove(id);
        report.removed.push_back(id);
      } catch (const NotFoundError&) {
        // another process was faster
      }
    }
    if (std::cmp_less(page.size(), of_origin.limit)) return report;
    of_origin.after = page.back().key.schedule_id;
  }
}

}  // namespace holdfast::client
