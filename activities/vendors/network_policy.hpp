#pragma once

#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace platform::vendors {

/// Which addresses outgoing calls may reach. Webhook targets are user input, so the default is the public internet
/// over TLS and nothing else; development and the stand-in vendors need loopback.
struct NetworkPolicy {
  bool allow_loopback = false;  ///< 127.0.0.0/8 and ::1
  bool allow_private = false;   ///< RFC 1918, CGNAT, unique local IPv6: vendors inside one's own network
  bool allow_plain_http = false;

  static NetworkPolicy public_internet() { return {}; }
  static NetworkPolicy with_loopback() { return {.allow_loopback = true, .allow_plain_http = true}; }
};

enum class AddressKind { public_internet, loopback, private_network, forbidden };

/// Classifies a numeric IPv4 or IPv6 address. IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo) counts as what it
/// embeds. Link-local (with cloud metadata), multicast, reserved and documentation ranges are `forbidden`.
/// Nothing for text that is not a numeric address.
std::optional<AddressKind> address_kind(std::string_view numeric_address);
AddressKind address_kind(const sockaddr& address);

bool allows(const NetworkPolicy& policy, AddressKind kind);

/// Empty if a request to `url` may be tried; otherwise why not, for people. Checks the form (scheme, user information,
/// host, length, control characters) and a numeric host; names are checked when they are resolved, on the real peer.
std::string why_refused(const NetworkPolicy& policy, const std::string& url);

}  // namespace platform::vendors
