#pragma once

#include <activities/database.hpp>
#include <activities/lookups.hpp>
#include <activities/statement.hpp>
#include <activities/vendors/action_item_extractor.hpp>
#include <activities/vendors/email_sender.hpp>
#include <activities/vendors/http_client.hpp>
#include <activities/vendors/object_store.hpp>
#include <activities/vendors/phone_numbers.hpp>
#include <activities/vendors/realtime_broadcaster.hpp>
#include <activities/vendors/sms_sender.hpp>
#include <activities/vendors/usage_billing.hpp>
#include <activities/vendors/vapi_calls.hpp>
#include <activities/vendors/webhook_sender.hpp>

namespace platform {

/// What the activities work with. Made by main(), which owns the parts and keeps them longer than the worker.
/// Every part is thread-safe.
struct Services {
  SqlRunner sql;
  Database& database;
  Caches& caches;
  vendors::ActionItemExtractor& action_items;
  vendors::SmsSender& sms;
  vendors::EmailSender& email;
  vendors::RealtimeBroadcaster& broadcaster;
  vendors::WebhookSender& webhooks;
  vendors::UsageBilling& billing;
  // nullptr where no workflow of the process needs them.
  vendors::PhoneNumbers* phone_numbers = nullptr;
  vendors::VapiCalls* vapi_calls = nullptr;
  vendors::ObjectStore* objects = nullptr;
  vendors::HttpClient* downloads = nullptr;  ///< for recordings at the vendor of calls
};

}  // namespace platform
