#pragma once

#include <string>

namespace platform::standin {

/// The credentials that the stand-in vendors accept; anything else is refused as the vendor would.
struct StandinKeys {
  std::string vapi = "vapi-standin-key";
  std::string twilio_account = "AC00000000000000000000000000000001";
  std::string twilio_token = "twilio-standin-token";
  std::string resend = "re_standin_key";
  std::string openai = "sk-standin-openai";
  std::string gemini = "standin-gemini-key";
  std::string supabase = "standin-service-role";
  std::string stripe = "sk_test_standin";
  std::string s3_bucket = "standin-bucket";
  std::string s3_access = "AKIASTANDIN";
  std::string s3_secret = "s3-standin-secret";
  std::string stripe_webhook = "whsec_standin";  ///< signs callbacks
};

}  // namespace platform::standin
