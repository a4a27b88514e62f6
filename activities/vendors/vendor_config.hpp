#pragma once

#include <activities/vendors/gemini_api.hpp>
#include <activities/vendors/network_policy.hpp>
#include <activities/vendors/openai_api.hpp>
#include <activities/vendors/resend_email_sender.hpp>
#include <activities/vendors/s3_object_store.hpp>
#include <activities/vendors/stripe_usage_billing.hpp>
#include <activities/vendors/supabase_broadcaster.hpp>
#include <activities/vendors/twilio_sms_sender.hpp>
#include <activities/vendors/vapi_calls.hpp>

#include <functional>
#include <optional>
#include <string>

namespace platform::vendors {

/// Which vendors to use. Whatever is unset is local and needs no key.
struct VendorConfig {
  std::optional<OpenAiConfig> openai{};  ///< at most one of openai and gemini
  std::optional<GeminiConfig> gemini{};
  std::optional<TwilioConfig> twilio{};
  std::optional<ResendConfig> resend{};
  std::optional<SupabaseConfig> supabase{};
  std::optional<VapiConfig> vapi{};
  std::optional<StripeConfig> stripe{};
  std::optional<S3Config> s3{};
  std::string objects_directory = "holdfast-objects";  ///< of the local object store
  NetworkPolicy vendor_network{};                      ///< for calls to the vendors above
  NetworkPolicy webhook_network{};                     ///< for customers' webhook URLs
};

/// The value of an environment variable, or nothing.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Reads OPENAI_API_KEY, GEMINI_API_KEY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM, RESEND_API_KEY,
/// RESEND_FROM, SUPABASE_URL, SUPABASE_SERVICE_KEY, VAPI_API_KEY, STRIPE_API_KEY, STRIPE_METER_ID, STRIPE_EVENT_NAME
/// S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION, HOLDFAST_OBJECTS_DIR,
/// TWILIO_STATUS_CALLBACK and their _BASE_URL, _MODEL and _EMBEDDING_MODEL companions, and HOLDFAST_ALLOW_LOOPBACK=1
/// (development: plain HTTP to this machine, for vendors and webhooks). Empty counts as unset. Throws
/// std::invalid_argument naming the variable if a vendor is configured by half, or a value is not allowed.
VendorConfig vendor_config_from(const EnvironmentLookup& lookup);

/// The same from this process's environment.
VendorConfig vendor_config_from_environment();

}  // namespace platform::vendors
