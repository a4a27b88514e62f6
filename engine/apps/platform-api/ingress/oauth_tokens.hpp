#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <holdfast/core/uuid.hpp>
#include <holdfast/http/http_server.hpp>
#include <ingress/organization_directory.hpp>

namespace platform::ingress {

/// OAuth2 client credentials (RFC 6749, 4.4): VAPI fetches an access token from us and sends it as a bearer token.
/// Tokens are signed, not stored: `v1.<expiry>.<hex HMAC>` with the client's secret as the key.
inline constexpr std::chrono::seconds kTokenLifetime{3600};

std::string make_access_token(const holdfast::Uuid& organization, std::string_view client_secret,
                              std::chrono::sys_seconds expires);

/// Checks the `Authorization: Bearer` header against every secret of the credential.
holdfast::http::SignatureCheck verify_access_token(const holdfast::Uuid& organization, const VapiCredential& credential,
                                                   const holdfast::http::HeaderList& headers,
                                                   std::chrono::sys_seconds now);

/// The token endpoint: POST, form-encoded; the client proves itself by HTTP Basic or in the form.
holdfast::http::HttpResponse issue_token(const Organization& organization, const holdfast::http::HttpRequest& request,
                                         std::chrono::sys_seconds now);

}  // namespace platform::ingress
