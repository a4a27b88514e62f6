#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/http/signature/vapi_authentication.hpp>

namespace platform::ingress {

/// One way in which VAPI may prove itself.
struct VapiCredential {
  holdfast::http::VapiAuthentication authentication;
  std::string url;        ///< the public URL, when a payload format names {url}
  std::string client_id;  ///< not empty: OAuth2 client credentials; the secrets are the client's
  bool is_oauth2() const { return !client_id.empty(); }
};

/// An organization's settings.vapi (docs/api.md).
struct VapiSettings {
  std::vector<VapiCredential> credentials;  ///< any of them may vouch for a request
  std::string assistant_id;                 ///< takes calls to numbers without an assistant of their own
  std::string tool_result = "Noted. Someone will follow up.";
};

/// Throws std::invalid_argument naming the key, its value (never a secret) and what is allowed.
VapiSettings parse_vapi_settings(std::string_view json);

}  // namespace platform::ingress
