#pragma once

#include <holdfast/http/signature/hash.hpp>
#include <holdfast/http/signature/header_list.hpp>
#include <holdfast/http/signature/signature_check.hpp>

#include <optional>
#include <string>
#include <vector>

namespace holdfast::http {

/// How VAPI proves that a webhook is from VAPI, as chosen by the credential in its dashboard.
enum class VapiScheme {
  bearer,         ///< `Authorization: Bearer <secret>`, VAPI's default (OAuth2 access tokens look the same)
  secret_header,  ///< `X-Vapi-Secret: <secret>`, no prefix (legacy inline secret)
  hmac,           ///< a signature, configurable in every part
};

enum class SignatureEncoding { hex, base64 };

/// The HMAC credential, with VAPI's names and defaults.
struct VapiHmac {
  HashAlgorithm algorithm = HashAlgorithm::sha256;
  std::string signature_header = "x-signature";
  std::string timestamp_header = "x-timestamp";
  std::string signature_prefix{};  ///< for example `sha256=` or `v1,`
  bool include_timestamp = true;   ///< false: no timestamp header is expected and freshness is not checked
  /// Placeholders {timestamp} {body} {method} {url} {svix-id}. Unset: `{timestamp}.{body}`, or `{body}` without
  /// timestamp.
  std::optional<std::string> payload_format{};
  std::string message_id_header = "svix-id";  ///< where {svix-id} comes from
  SignatureEncoding encoding = SignatureEncoding::hex;
  bool secret_is_base64 = false;  ///< the key is the decoded secret; a `whsec_` prefix is dropped
};

/// One credential. Several secrets are all accepted, while one is rotated.
struct VapiAuthentication {
  VapiScheme scheme = VapiScheme::bearer;
  std::vector<std::string> secrets{};
  VapiHmac hmac{};  ///< only for VapiScheme::hmac

  /// HMAC credential that makes VAPI speak Standard Webhooks: headers webhook-id, -timestamp, -signature.
  static VapiAuthentication standard_webhooks(std::vector<std::string> secrets);
  /// The variant of some sample pages: `x-vapi-signature: sha256=<hex of body>`. Old requests can be replayed.
  static VapiAuthentication sample_page(std::vector<std::string> secrets);
};

/// What is signed. `url` is the public URL as configured at VAPI; only needed if the format names {url}.
struct SignedRequest {
  std::string_view method;
  std::string_view url;
  const HeaderList& headers;
  std::string_view body;  ///< exact bytes as received
};

/// Throws std::invalid_argument naming the setting and its value (never a secret) if nothing could ever verify:
/// no or empty secrets, empty header names, an unknown placeholder, no {body}, a secret that is not base64.
void validate(const VapiAuthentication& authentication);

/// Timestamps in seconds and in milliseconds are both accepted: VAPI does not document which it sends.
/// Throws std::invalid_argument like validate() for a configuration that cannot verify anything.
SignatureCheck verify_vapi(const VapiAuthentication& authentication, const SignedRequest& request, UnixTime now,
                           std::chrono::seconds tolerance = kSignatureTolerance);

/// The header value that VAPI would send for this request: for tests, the demo and the stand-in.
std::string sign_vapi(const VapiHmac& hmac, std::string_view secret, const SignedRequest& request);

}  // namespace holdfast::http
