#pragma once

#include <string>

#include <pqxx/transaction_base>

#include <holdfast/core/uuid.hpp>

namespace platform {

/// An organization as demos, benchmarks and tests need it. Empty members are left out.
struct DemoOrganization {
  holdfast::Uuid id;
  std::string slug;             ///< unique; also the name
  std::string plan = "growth";  ///< starter, growth or scale
  std::string sms_to;           ///< set: SMS after each call
  std::string email_to;         ///< set: e-mail after each call
  std::string owner_email = "owner@example.com";
  std::string webhook_url;     ///< set: an integration that subscribes to call.completed
  std::string webhook_secret;  ///< whsec_...
};

/// Creates the organization (customer cus_{slug} at the payment vendor), its owner, an assistant and the integration,
/// in a billing period of 30 days from now. What is there already stays as it is. Sets the transaction's tenant.
/// Returns the integration's id, or nil.
holdfast::Uuid create_demo_organization(pqxx::transaction_base& tx, const DemoOrganization& organization);

}  // namespace platform
