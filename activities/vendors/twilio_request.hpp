#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/twilio_sms_sender.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <string>

namespace platform::vendors {

/// A request to the account's resource at `path` ("/Messages.json?..."), signed in.
HttpRequest twilio_request(const TwilioConfig& config, std::string method, const std::string& path);

/// The same as a POST of a form.
HttpRequest twilio_form(const TwilioConfig& config, const std::string& path, std::string form);

/// The fault of an answer that is not `ok`, with Twilio's own code and message.
VendorFault twilio_fault(const HttpResult& result);

/// The same for a request with an effect: any 5xx but 503 may have had it, so its outcome is unknown.
VendorFault twilio_effect_fault(const HttpResult& result);

}  // namespace platform::vendors
