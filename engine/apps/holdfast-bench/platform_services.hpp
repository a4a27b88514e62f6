#pragma once

#include <string>

#include <activities/broadcast_writer.hpp>
#include <activities/insight_services.hpp>
#include <activities/lookups.hpp>
#include <activities/services.hpp>
#include <activities/vendors/vendors.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/worker/registry.hpp>

#include "server.hpp"

namespace bench {

/// What the platform's activities work with: its local vendors, or those of a configuration.
class PlatformServices {
 public:
  explicit PlatformServices(const std::string& database_url, const platform::vendors::VendorConfig& vendors = {});
  /// Adds the platform's workflows and activities. They refer to this object.
  void add_to(holdfast::worker::Registry& registry);

 private:
  platform::Database database_;
  platform::Caches caches_;
  platform::BroadcastWriter broadcasts_;
  platform::vendors::Vendors vendors_;
  platform::Services services_;
  platform::InsightServices insight_services_;
};

/// Creates the organizations that calls belong to: they want SMS and e-mail, and have no integration.
void create_organizations(const Database& database);
/// The id of the organization of the n-th call.
std::string organization_of_call(std::int64_t n);
/// Files the reports of the calls 0 to `count` - 1, as the ingress does.
void file_reports(const Database& database, std::int64_t count);
/// The vendor's report of a call of about four minutes: 4 KB with its transcript.
std::string call_report(std::int64_t n);
/// Starts the processing of the n-th call, whose report is filed.
holdfast::client::StartRequest call_request(std::int64_t n);

}  // namespace bench
