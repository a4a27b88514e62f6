#pragma once

#include <holdfast/http/signature/header_list.hpp>
#include <holdfast/http/signature/signature_check.hpp>

#include <span>
#include <utility>
#include <vector>

namespace holdfast::http {

/// Decoded form fields of a Twilio callback, in any order.
using FormFields = std::vector<std::pair<std::string, std::string>>;

/// `X-Twilio-Signature`: base64(HMAC-SHA1(auth token, full URL + each name and value, sorted by name)).
std::string sign_twilio(std::string_view auth_token, std::string_view url, const FormFields& fields);

/// Checks a form callback. `url` is the public URL as configured at Twilio, with its query; it is tried as given and
/// with the default port added or removed, because Twilio is not consistent about it.
SignatureCheck verify_twilio_form(std::span<const std::string> auth_tokens, const HeaderList& headers,
                                  std::string_view url, const FormFields& fields);

/// Checks a JSON callback: the URL carries `bodySHA256=<hex>`, which must match the body, and only the URL is signed.
SignatureCheck verify_twilio_json(std::span<const std::string> auth_tokens, const HeaderList& headers,
                                  std::string_view url, std::string_view body);

}  // namespace holdfast::http
