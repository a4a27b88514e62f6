#include "schedules.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <holdfast/client/schedule_reconciliation.hpp>

using namespace holdfast;

namespace {

std::vector<client::DeclaredSchedule> declared(const worker::WorkerConfig& config) {
  std::vector<client::DeclaredSchedule> out;
  for (const auto& schedule : config.schedules)
    out.push_back({.id = schedule.id,
                   .request = {.definition = schedule.definition,
                               .input = schedule.input,
                               .memo = schedule.memo,
                               .search_attributes = schedule.search_attributes},
                   .paused = schedule.paused,
                   .note = schedule.note});
  return out;
}

void tell(const char* what, const std::vector<std::string>& ids, spdlog::level::level_enum level) {
  if (!ids.empty()) spdlog::log(level, "schedules {}: {}", what, fmt::join(ids, ", "));
}

}  // namespace

bool keep_schedules(const worker::WorkerConfig& config, store::Store& store, app::StopSignals& signals) {
  const client::Schedules schedules(client::Client(store, {.namespace_ = config.schedule_namespace}));
  for (;;) {
    try {
      const auto report =
          client::reconcile(schedules, declared(config), config.schedule_origin, config.delete_removed_schedules);
      tell("created", report.created, spdlog::level::info);
      tell("updated", report.updated, spdlog::level::info);
      tell("deleted, because the configuration does not declare them any more", report.removed, spdlog::level::warn);
      tell("that the configuration does not declare any more, and that go on", report.undeclared, spdlog::level::warn);
      return true;
    } catch (const store::Unavailable& error) {
      spdlog::warn("schedules wait for the database: {}", error.what());
    } catch (const store::InDoubt& error) {
      spdlog::warn("schedules wait for the database: {}", error.what());
    }
    if (signals.wait_for(std::chrono::milliseconds(500))) return false;
  }
}
