#include "limits.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <holdfast/client/limit_reconciliation.hpp>

using namespace holdfast;

namespace {

std::vector<client::DeclaredLimit> declared(const worker::WorkerConfig& config) {
  std::vector<client::DeclaredLimit> out;
  for (const auto& limit : config.limits)
    out.push_back({.limit = limit.limit, .rule = limit.rule, .reason = limit.reason});
  return out;
}

void tell(const char* what, const std::vector<std::string>& limits, spdlog::level::level_enum level) {
  if (!limits.empty()) spdlog::log(level, "limits {}: {}", what, fmt::join(limits, ", "));
}

}  // namespace

bool keep_limits(const worker::WorkerConfig& config, store::Store& store, app::StopSignals& signals) {
  const client::Limits limits{client::Client(store)};
  for (;;) {
    try {
      const auto report =
          client::reconcile(limits, declared(config), config.limit_origin, config.delete_removed_limits);
      tell("created", report.created, spdlog::level::info);
      tell("updated", report.updated, spdlog::level::info);
      tell("that somebody else has set, and that stay so", report.kept, spdlog::level::info);
      tell("deleted, because the configuration does not declare them any more", report.removed, spdlog::level::warn);
      tell("that the configuration does not declare any more, and that go on", report.undeclared, spdlog::level::warn);
      return true;
    } catch (const store::Unavailable& error) {
      spdlog::warn("limits wait for the database: {}", error.what());
    } catch (const store::InDoubt& error) {
      spdlog::warn("limits wait for the database: {}", error.what());
    }
    if (signals.wait_for(std::chrono::milliseconds(500))) return false;
  }
}
