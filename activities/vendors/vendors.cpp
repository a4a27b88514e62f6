#include <activities/vendors/vendors.hpp>

#include <activities/vendors/curl_http_client.hpp>
#include <activities/vendors/keyword_action_item_extractor.hpp>

namespace platform::vendors {
namespace {

std::unique_ptr<ActionItemExtractor> make_extractor(const VendorConfig& config, HttpClient& client) {
  if (config.openai) return std::make_unique<OpenAiActionItemExtractor>(client, *config.openai);
  if (config.gemini) return std::make_unique<GeminiActionItemExtractor>(client, *config.gemini);
  return std::make_unique<KeywordActionItemExtractor>();
}

std::unique_ptr<SmsSender> make_sms(const VendorConfig& config, HttpClient& client, const OutboxSink& outbox) {
  if (config.twilio) return std::make_unique<TwilioSmsSender>(client, *config.twilio);
  return std::make_unique<LocalSmsSender>(outbox);
}

std::unique_ptr<EmailSender> make_email(const VendorConfig& config, HttpClient& client, const OutboxSink& outbox) {
  if (config.resend) return std::make_unique<ResendEmailSender>(client, *config.resend);
  return std::make_unique<LocalEmailSender>(outbox);
}

std::unique_ptr<RealtimeBroadcaster> make_realtime(const VendorConfig& config, HttpClient& client, BroadcastSink sink) {
  if (config.supabase) return std::make_unique<SupabaseBroadcaster>(client, *config.supabase);
  return std::make_unique<LocalRealtimeBroadcaster>(std::move(sink));
}

std::unique_ptr<VapiCalls> make_vapi_calls(const VendorConfig& config, HttpClient& client) {
  if (config.vapi) return std::make_unique<HttpVapiCalls>(client, *config.vapi);
  return std::make_unique<LocalVapiCalls>();
}

std::unique_ptr<UsageBilling> make_billing(const VendorConfig& config, HttpClient& client) {
  if (config.stripe) return std::make_unique<StripeUsageBilling>(client, *config.stripe);
  return std::make_unique<LocalUsageBilling>();
}

}  // namespace

Vendors make_vendors(const VendorConfig& config, OutboxSink outbox, BroadcastSink broadcasts) {
  Vendors out;
  out.vendor_http = std::make_unique<CurlHttpClient>(CurlOptions{.policy = config.vendor_network});
  out.webhook_http = std::make_unique<CurlHttpClient>(CurlOptions{.policy = config.webhook_network});
  auto& client = *out.vendor_http;
  out.action_items = make_extractor(config, client);
  out.sms = make_sms(config, client, outbox);
  out.email = make_email(config, client, outbox);
  out.realtime = make_realtime(config, client, std::move(broadcasts));
  out.webhooks = std::make_unique<HttpWebhookSender>(*out.webhook_http);
  out.vapi_calls = make_vapi_calls(config, client);
  out.billing = make_billing(config, client);
  return out;
}

}  // namespace platform::vendors
