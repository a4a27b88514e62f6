#pragma once

#include <map>
#include <string>
#include <vector>

#include <pqxx/connection>

#include <activities/traffic/call_traffic.hpp>

namespace platform::traffic {

/// How the organizations of a month are set up.
struct MonthSetup {
  std::string hooks_url;               ///< each organization has two endpoints below it: {hooks_url}/{n}-a and -b
  std::string hooks_secret;            ///< whsec_…
  std::string vapi_secret = "secret";  ///< a bearer token
  int notified_of = 0;  ///< of that many organizations one gets an SMS and an e-mail after each call; 0: none
};

/// Creates the organizations of the traffic: plans by size, a billing period that is the month, a customer at the
/// payment vendor, two endpoints for call.completed. `connection` is the owner's. Throws pqxx errors.
void create_month(pqxx::connection& connection, const CallTraffic& traffic, const MonthSetup& setup);

/// The customer of an organization at the payment vendor.
std::string customer_of(std::int64_t organization);

/// What the vendor must have been told of each customer, recomputed from the bodies of the vendor's events alone:
/// minutes of the month beyond the plan's. Customers without any are left out.
std::map<std::string, std::int64_t> expected_overage(pqxx::connection& connection, const CallTraffic& traffic);

/// Recomputes the month from the bodies of the vendor's events alone and says what differs in calls, transcripts,
/// recordings, the usage ledger, daily usage, billed periods and webhook deliveries; empty when all is exact, to the
/// second and the cent. At most ten findings of a kind.
std::vector<std::string> month_findings(pqxx::connection& connection, const CallTraffic& traffic);

}  // namespace platform::traffic
