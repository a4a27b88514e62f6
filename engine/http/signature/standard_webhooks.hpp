#pragma once

#include <holdfast/http/signature/header_list.hpp>
#include <holdfast/http/signature/signature_check.hpp>

#include <span>

namespace holdfast::http {

/// Standard Webhooks 1.0 (https://www.standardwebhooks.com), symmetric scheme `v1`. Pure functions, thread-safe.

/// The spelling of the three headers: `webhook-` by the standard, `svix-` for Resend.
struct WebhookHeaderNames {
  std::string id = "webhook-id";
  std::string timestamp = "webhook-timestamp";
  std::string signature = "webhook-signature";

  static WebhookHeaderNames svix() { return {"svix-id", "svix-timestamp", "svix-signature"}; }
};

/// A new endpoint secret: `whsec_` and the base64 of 32 random bytes. Give every endpoint its own.
std::string random_webhook_secret();

/// The key bytes of `whsec_<base64>` (the prefix may be absent). Throws std::invalid_argument, without showing the
/// secret, if it is not base64 or decodes to fewer than 16 bytes.
std::string webhook_key(std::string_view secret);

/// One signature, `v1,<base64>`, over `id.timestamp.body`. Throws std::invalid_argument for a bad secret, or an id
/// that is empty or holds a `.` (the separator) or anything but printable ASCII.
std::string sign_webhook(std::string_view secret, std::string_view id, UnixTime timestamp, std::string_view body);

/// The headers of one attempt. Several secrets sign side by side while a secret is rotated; at least one is needed.
HeaderList webhook_headers(std::span<const std::string> secrets, std::string_view id, UnixTime timestamp,
                           std::string_view body, const WebhookHeaderNames& names = {});

/// Checks the exact body bytes as received. Valid if any `v1` signature in the list matches any secret and the
/// timestamp is within the tolerance. Throws std::invalid_argument only for a secret of ours that cannot be used.
SignatureCheck verify_webhook(std::span<const std::string> secrets, const HeaderList& headers, std::string_view body,
                              UnixTime now, std::chrono::seconds tolerance = kSignatureTolerance,
                              const WebhookHeaderNames& names = {});

}  // namespace holdfast::http
