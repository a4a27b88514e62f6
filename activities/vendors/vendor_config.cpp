#include <activities/vendors/vendor_config.hpp>

#include <cstdlib>
#include <stdexcept>

namespace platform::vendors {
namespace {

class Environment {
 public:
  explicit Environment(const EnvironmentLookup& lookup) : lookup_(lookup) {}

  bool has(const std::string& name) const { return !get(name).empty(); }

  std::string get(const std::string& name) const { return lookup_(name).value_or(""); }

  void override(std::string& value, const std::string& name) const {
    if (auto given = get(name); !given.empty()) value = std::move(given);
  }

  /// `name` is needed because `because` is set.
  std::string need(const std::string& name, const std::string& because) const {
    auto value = get(name);
    if (value.empty()) throw std::invalid_argument(name + ": must be set, because " + because + " is set");
    return value;
  }

 private:
  const EnvironmentLookup& lookup_;
};

void read_models(const Environment& env, VendorConfig& config) {
  if (env.has("OPENAI_API_KEY") && env.has("GEMINI_API_KEY")) {
    throw std::invalid_argument("OPENAI_API_KEY, GEMINI_API_KEY: set one of them, not both");
  }
  if (env.has("OPENAI_API_KEY")) {
    auto& openai = config.openai.emplace();
    openai.api_key = env.get("OPENAI_API_KEY");
    env.override(openai.base_url, "OPENAI_BASE_URL");
    env.override(openai.model, "OPENAI_MODEL");
    env.override(openai.embedding_model, "OPENAI_EMBEDDING_MODEL");
  }
  if (env.has("GEMINI_API_KEY")) {
    auto& gemini = config.gemini.emplace();
    gemini.api_key = env.get("GEMINI_API_KEY");
    env.override(gemini.base_url, "GEMINI_BASE_URL");
    env.override(gemini.model, "GEMINI_MODEL");
    env.override(gemini.embedding_model, "GEMINI_EMBEDDING_MODEL");
  }
}

void read_messages(const Environment& env, VendorConfig& config) {
  if (env.has("TWILIO_ACCOUNT_SID")) {
    auto& twilio = config.twilio.emplace();
    twilio.account_sid = env.get("TWILIO_ACCOUNT_SID");
    twilio.secret = env.need("TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID");
    twilio.from = env.need("TWILIO_FROM", "TWILIO_ACCOUNT_SID");
    twilio.key_sid = env.get("TWILIO_KEY_SID");
    twilio.status_callback = env.get("TWILIO_STATUS_CALLBACK");
    env.override(twilio.base_url, "TWILIO_BASE_URL");
  }
  if (env.has("RESEND_API_KEY")) {
    auto& resend = config.resend.emplace();
    resend.api_key = env.get("RESEND_API_KEY");
    resend.from = env.need("RESEND_FROM", "RESEND_API_KEY");
    env.override(resend.base_url, "RESEND_BASE_URL");
  }
}

void read_platform(const Environment& env, VendorConfig& config) {
  if (env.has("SUPABASE_URL")) {
    auto& supabase = config.supabase.emplace();
    supabase.base_url = env.get("SUPABASE_URL");
    supabase.service_key = env.need("SUPABASE_SERVICE_KEY", "SUPABASE_URL");
  }
  env.override(config.objects_directory, "HOLDFAST_OBJECTS_DIR");
  if (env.has("S3_ENDPOINT")) {
    auto& s3 = config.s3.emplace();
    s3.endpoint = env.get("S3_ENDPOINT");
    s3.bucket = env.need("S3_BUCKET", "S3_ENDPOINT");
    s3.key.access_key = env.need("S3_ACCESS_KEY_ID", "S3_ENDPOINT");
    s3.key.secret_key = env.need("S3_SECRET_ACCESS_KEY", "S3_ENDPOINT");
    env.override(s3.key.region, "S3_REGION");
  }
  if (env.has("VAPI_API_KEY")) {
    auto& vapi = config.vapi.emplace();
    vapi.api_key = env.get("VAPI_API_KEY");
    env.override(vapi.base_url, "VAPI_BASE_URL");
  }
  if (env.has("STRIPE_API_KEY")) {
    auto& stripe = config.stripe.emplace();
    stripe.api_key = env.get("STRIPE_API_KEY");
    stripe.meter_id = env.need("STRIPE_METER_ID", "STRIPE_API_KEY");
    env.override(stripe.event_name, "STRIPE_EVENT_NAME");
    env.override(stripe.base_url, "STRIPE_BASE_URL");
  }
}

}  // namespace

VendorConfig vendor_config_from(const EnvironmentLookup& lookup) {
  const Environment env(lookup);
  VendorConfig config;
  read_models(env, config);
  read_messages(env, config);
  read_platform(env, config);
  const auto loopback = env.get("HOLDFAST_ALLOW_LOOPBACK");
  if (!loopback.empty() && loopback != "0" && loopback != "1") {
    throw std::invalid_argument("HOLDFAST_ALLOW_LOOPBACK: '" + loopback + "' is not allowed; use 0 or 1");
  }
  if (loopback == "1") config.vendor_network = config.webhook_network = NetworkPolicy::with_loopback();
  return config;
}

VendorConfig vendor_config_from_environment() {
  return vendor_config_from([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

}  // namespace platform::vendors
