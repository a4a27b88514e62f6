#include <activities/vendors/vendors.hpp>

#include <activities/vendors/curl_http_client.hpp>
#include <activities/vendors/gemini_embedder.hpp>
#include <activities/vendors/gemini_language_model.hpp>
#include <activities/vendors/keyword_action_item_extractor.hpp>
#include <activities/vendors/keyword_insight_writer.hpp>
#include <activities/vendors/model_action_item_extractor.hpp>
#include <activities/vendors/model_insight_writer.hpp>
#include <activities/vendors/ngram_embedder.hpp>
#include <activities/vendors/openai_embedder.hpp>
#include <activities/vendors/openai_language_model.hpp>
#include <activities/vendors/s3_object_store.hpp>
#include <activities/vendors/twilio_phone_numbers.hpp>

namespace platform::vendors {
namespace {

std::unique_ptr<LanguageModel> make_model(const VendorConfig& config, HttpClient& client) {
  if (config.openai) return std::make_unique<OpenAiLanguageModel>(client, *config.openai);
  if (config.gemini) return std::make_unique<GeminiLanguageModel>(client, *config.gemini);
  return nullptr;
}

std::unique_ptr<ActionItemExtractor> make_extractor(LanguageModel* model) {
  if (model) return std::make_unique<ModelActionItemExtractor>(*model);
  return std::make_unique<KeywordActionItemExtractor>();
}

std::unique_ptr<InsightWriter> make_writer(LanguageModel* model) {
  if (model) return std::make_unique<ModelInsightWriter>(*model);
  return std::make_unique<KeywordInsightWriter>();
}

std::unique_ptr<Embedder> make_embedder(const VendorConfig& config, HttpClient& client) {
  if (config.openai) return std::make_unique<OpenAiEmbedder>(client, *config.openai);
  if (config.gemini) return std::make_unique<GeminiEmbedder>(client, *config.gemini);
  return std::make_unique<NgramEmbedder>();
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

std::unique_ptr<PhoneNumbers> make_phone_numbers(const VendorConfig& config, HttpClient& client) {
  if (config.twilio) return std::make_unique<TwilioPhoneNumbers>(client, *config.twilio);
  return std::make_unique<LocalPhoneNumbers>();
}

std::unique_ptr<ObjectStore> make_objects(const VendorConfig& config, HttpClient& client) {
  if (config.s3) return std::make_unique<S3ObjectStore>(client, *config.s3);
  return std::make_unique<LocalObjectStore>(config.objects_directory);
}

}  // namespace

Vendors make_vendors(const VendorConfig& config, OutboxSink outbox, BroadcastSink broadcasts) {
  Vendors out;
  out.vendor_http = std::make_unique<CurlHttpClient>(CurlOptions{.policy = config.vendor_network});
  out.webhook_http = std::make_unique<CurlHttpClient>(CurlOptions{.policy = config.webhook_network});
  auto& client = *out.vendor_http;
  out.language_model = make_model(config, client);
  out.action_items = make_extractor(out.language_model.get());
  out.insights = make_writer(out.language_model.get());
  out.embedder = make_embedder(config, client);
  out.sms = make_sms(config, client, outbox);
  out.email = make_email(config, client, outbox);
  out.realtime = make_realtime(config, client, std::move(broadcasts));
  out.webhooks = std::make_unique<HttpWebhookSender>(*out.webhook_http);
  out.vapi_calls = make_vapi_calls(config, client);
  out.billing = make_billing(config, client);
  out.phone_numbers = make_phone_numbers(config, client);
  out.objects = make_objects(config, client);
  return out;
}

std::shared_ptr<Embedder> make_embedder(const VendorConfig& config) {
  const std::shared_ptr<HttpClient> client =
      std::make_shared<CurlHttpClient>(CurlOptions{.policy = config.vendor_network});
  // The client lives as long as the embedder that refers to it.
  std::shared_ptr<Embedder> embedder = make_embedder(config, *client);
  return {embedder.get(), [client, embedder](Embedder*) {}};
}

}  // namespace platform::vendors
