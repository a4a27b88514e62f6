#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/http/http_server.hpp>
#include <ingress/batch_threads.hpp>
#include <ingress/database_session.hpp>

namespace platform::ingress {

/// What a vendor says about one message of ours.
struct VendorCallback {
  std::string vendor;      ///< "twilio", "resend"
  std::string event_id;    ///< what makes a repetition a no-op
  std::string message_id;  ///< the vendor's id of the message
  std::string status, error;
  bool suppresses = false;  ///< the address takes nothing any more
  std::string body;         ///< exactly the bytes that were signed
};

/// A form of Twilio's: MessageSid, MessageStatus, ErrorCode. The event is the pair of the first two. Throws BadMessage.
VendorCallback parse_twilio_callback(std::string_view body);

/// An event of Resend's, named by its svix-id. Throws BadMessage. Events that are about no e-mail have no message_id.
VendorCallback parse_resend_event(std::string_view svix_id, std::string_view body);

/// What may vouch for callbacks; empty: there is no such endpoint.
struct CallbackSecrets {
  std::vector<std::string> twilio_tokens;   ///< auth tokens of the account
  std::vector<std::string> resend_secrets;  ///< whsec_...
  std::string public_url;                   ///< of this API: Twilio signs the whole URL
};

/// Files callbacks and moves the delivery status of their messages forward, in one transaction. Thread-safe.
class VendorCallbacks {
 public:
  VendorCallbacks(const DatabaseOptions& database, CallbackSecrets secrets, std::chrono::milliseconds timeout);

  /// POST /webhooks/twilio and /webhooks/resend; 401 without a valid signature. Throws Unavailable.
  holdfast::http::HttpResponse twilio(const holdfast::http::HttpRequest& request);
  holdfast::http::HttpResponse resend(const holdfast::http::HttpRequest& request);

 private:
  using Threads = BatchThreads<VendorCallback, bool>;
  holdfast::http::HttpResponse file(VendorCallback callback);
  bool commit(const VendorCallback& callback);

  const CallbackSecrets secrets_;
  const std::chrono::milliseconds timeout_;
  DatabaseSession session_;  // of the only thread
  Threads threads_;          // last: ends first
};

}  // namespace platform::ingress
