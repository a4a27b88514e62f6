#pragma once

#include <holdfast/http/signature/header_list.hpp>
#include <holdfast/http/signature/signature_check.hpp>

#include <span>

namespace holdfast::http {

/// Value of `Stripe-Signature`: `t=<unix>,v1=<hex>`. The key is the whole secret (`whsec_…`) as bytes: unlike
/// Standard Webhooks it is not decoded.
std::string sign_stripe(std::string_view secret, UnixTime timestamp, std::string_view body);

/// Checks `Stripe-Signature` over the exact body bytes. Any `v1` entry may match any secret; `v0` and unknown
/// schemes are ignored. Several secrets are accepted while one is rotated.
SignatureCheck verify_stripe(std::span<const std::string> secrets, const HeaderList& headers, std::string_view body,
                             UnixTime now, std::chrono::seconds tolerance = kSignatureTolerance);

}  // namespace holdfast::http
