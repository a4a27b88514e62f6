#pragma once

#include <activities/vendors/action_item_extractor.hpp>
#include <activities/vendors/email_sender.hpp>
#include <activities/vendors/embedder.hpp>
#include <activities/vendors/insight_writer.hpp>
#include <activities/vendors/language_model.hpp>
#include <activities/vendors/object_store.hpp>
#include <activities/vendors/outbox.hpp>
#include <activities/vendors/phone_numbers.hpp>
#include <activities/vendors/realtime_broadcaster.hpp>
#include <activities/vendors/sms_sender.hpp>
#include <activities/vendors/usage_billing.hpp>
#include <activities/vendors/vapi_calls.hpp>
#include <activities/vendors/vendor_config.hpp>
#include <activities/vendors/webhook_sender.hpp>

#include <memory>

namespace platform::vendors {

/// Everything outside that activities call. Every member is set (language_model only if one is configured) and
/// thread-safe. The clients come first, because the adapters below them refer to them.
struct Vendors {
  std::unique_ptr<HttpClient> vendor_http;
  std::unique_ptr<HttpClient> webhook_http;

  std::unique_ptr<LanguageModel> language_model;  ///< nullptr: the local ones do without

  std::unique_ptr<ActionItemExtractor> action_items;
  std::unique_ptr<InsightWriter> insights;
  std::unique_ptr<Embedder> embedder;
  std::unique_ptr<SmsSender> sms;
  std::unique_ptr<EmailSender> email;
  std::unique_ptr<RealtimeBroadcaster> realtime;
  std::unique_ptr<WebhookSender> webhooks;
  std::unique_ptr<VapiCalls> vapi_calls;
  std::unique_ptr<UsageBilling> billing;
  std::unique_ptr<PhoneNumbers> phone_numbers;
  std::unique_ptr<ObjectStore> objects;
};

/// REST adapters for what is configured, local ones for the rest. The sinks are what the local ones write to; they are
/// called from any thread and must be usable as long as the result.
Vendors make_vendors(const VendorConfig& config, OutboxSink outbox, BroadcastSink broadcasts);

/// The embedder alone, with a client of its own.
std::shared_ptr<Embedder> make_embedder(const VendorConfig& config);

}  // namespace platform::vendors
