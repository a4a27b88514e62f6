#include <activities/vendors/twilio_request.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>

#include <holdfast/http/signature/hash.hpp>

namespace platform::vendors {

HttpRequest twilio_request(const TwilioConfig& config, std::string method, const std::string& path) {
  const auto& user = config.key_sid.empty() ? config.account_sid : config.key_sid;
  const auto credentials = holdfast::http::base64_encode(user + ":" + config.secret);
  HttpRequest out{.method = std::move(method),
                  .url = joined_url(config.base_url, "/2010-04-01/Accounts/" + form_encoded(config.account_sid) + path),
                  .deadline = config.deadline};
  out.headers.add("Authorization", "Basic " + credentials);
  return out;
}

HttpRequest twilio_form(const TwilioConfig& config, const std::string& path, std::string form) {
  auto out = twilio_request(config, "POST", path);
  out.headers.add("Content-Type", "application/x-www-form-urlencoded");
  out.body = std::move(form);
  return out;
}

VendorFault twilio_fault(const HttpResult& result) {
  auto fault = fault_of("twilio", result);
  if (const auto body = parse_json(result.body)) {
    if (const auto code = integer_member(*body, {"code"}); code != 0) fault.code = std::to_string(code);
    if (const auto message = string_member(*body, {"message"}); !message.empty()) fault.message = message;
  }
  return fault;
}

VendorFault twilio_effect_fault(const HttpResult& result) {
  auto fault = twilio_fault(result);
  if (result.status >= 500 && result.status != 503) fault.kind = VendorErrorKind::unknown_outcome;
  return fault;
}

}  // namespace platform::vendors
