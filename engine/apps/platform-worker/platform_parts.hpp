#pragma once

#include <memory>
#include <string>

#include <activities/broadcast_writer.hpp>
#include <activities/database.hpp>
#include <activities/insight_services.hpp>
#include <activities/lookups.hpp>
#include <activities/services.hpp>
#include <activities/vendors/vendors.hpp>
#include <holdfast/worker/registry.hpp>

/// What the platform's activities work with, and the registry of everything that this program can run. Connects to
/// nothing until an activity runs.
class PlatformParts {
 public:
  /// Vendors come from the environment (docs/configuration.md). Throws std::invalid_argument for a vendor that is
  /// configured by half.
  PlatformParts(const std::string& database_url, bool prepared);

  const holdfast::worker::Registry& registry() const { return registry_; }

 private:
  platform::SqlRunner sql_;
  platform::Database database_;
  platform::Caches caches_;
  platform::BroadcastWriter broadcasts_;  // the local realtime vendor
  platform::vendors::Vendors vendors_;
  platform::Services services_;
  platform::InsightServices insight_services_;
  holdfast::worker::Registry registry_;
};
