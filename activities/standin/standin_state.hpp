#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/faults.hpp>
#include <activities/standin/gemini_standin.hpp>
#include <activities/standin/journal.hpp>
#include <activities/standin/openai_standin.hpp>
#include <activities/standin/resend_standin.hpp>
#include <activities/standin/s3_standin.hpp>
#include <activities/standin/standin_keys.hpp>
#include <activities/standin/stripe_standin.hpp>
#include <activities/standin/supabase_standin.hpp>
#include <activities/standin/twilio_numbers_standin.hpp>
#include <activities/standin/twilio_standin.hpp>
#include <activities/standin/vapi_standin.hpp>
#include <activities/standin/webhook_receiver.hpp>

#include <array>

namespace platform::standin {

/// Everything behind the HTTP server. Usable without one, and from any thread.
struct StandinState {
  explicit StandinState(StandinKeys given = {}) : keys(std::move(given)) {}
  StandinState(const StandinState&) = delete;

  StandinKeys keys;
  Journal journal;
  FaultPlan faults;
  Effects effects;
  VapiStandin vapi{keys};
  TwilioNumbersStandin twilio_numbers{keys, effects};  // before twilio, which refuses every path that it does not know
  TwilioStandin twilio{keys, effects};
  ResendStandin resend{keys, effects};
  OpenAiStandin openai{keys, effects};
  GeminiStandin gemini{keys, effects};
  SupabaseStandin supabase{keys, effects};
  StripeStandin stripe{keys, effects};
  S3Standin s3{keys, effects};
  WebhookReceiver hooks{effects};

  std::array<VendorModule*, 10> modules() {
    return {&vapi, &twilio_numbers, &twilio, &resend, &openai, &gemini, &supabase, &stripe, &s3, &hooks};
  }
};

/// The answer of the vendor whose path it is; 404 if it is nobody's.
Reply answer(StandinState& state, const Request& request);

/// The control API: nothing unless the path starts with /__standin/.
///   GET    /__standin/health
///   GET    /__standin/journal       every request, in order          DELETE clears it
///   GET    /__standin/effects       what really happened, by vendor  DELETE clears it
///   POST   /__standin/faults        one fault (see parse_fault)      DELETE clears all
///   PUT    /__standin/hooks/<name>  behaviour of /hooks/<name>       GET: its deliveries
///   PUT    /__standin/vapi/calls    a list of call objects
///   PUT    /__standin/stripe/behaviour  latency_ms, per_second, stored_500, refuse_duplicates
///   POST   /__standin/stripe/reject     {"identifier", "code"}: takes usage back; answers with body and signature of
///                                       the callback
///   GET    /__standin/stripe/events     every such callback so far        /__standin/stripe/totals  units by customer
std::optional<Reply> control(StandinState& state, const Request& request);

}  // namespace platform::standin
