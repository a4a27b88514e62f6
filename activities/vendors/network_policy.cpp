#include <activities/vendors/network_policy.hpp>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

namespace platform::vendors {
namespace {

struct Range4 {
  std::uint32_t network;
  int bits;
  AddressKind kind;
};

constexpr std::uint32_t ip4(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

// IANA's special-purpose registry; whatever is not "globally reachable" there is not reachable here.
constexpr std::array kRanges4{
    Range4{ip4(0, 0, 0, 0), 8, AddressKind::forbidden},  // "this network": Linux connects it to itself
    Range4{ip4(10, 0, 0, 0), 8, AddressKind::private_network},
    Range4{ip4(100, 64, 0, 0), 10, AddressKind::private_network},  // carrier-grade NAT
    Range4{ip4(127, 0, 0, 0), 8, AddressKind::loopback},
    Range4{ip4(169, 254, 0, 0), 16, AddressKind::forbidden},  // link-local, cloud metadata
    Range4{ip4(172, 16, 0, 0), 12, AddressKind::private_network},
    Range4{ip4(192, 0, 0, 0), 24, AddressKind::forbidden},
    Range4{ip4(192, 0, 2, 0), 24, AddressKind::forbidden},    // documentation
    Range4{ip4(192, 88, 99, 0), 24, AddressKind::forbidden},  // 6to4 relay
    Range4{ip4(192, 168, 0, 0), 16, AddressKind::private_network},
    Range4{ip4(198, 18, 0, 0), 15, AddressKind::forbidden},    // benchmarking
    Range4{ip4(198, 51, 100, 0), 24, AddressKind::forbidden},  // documentation
    Range4{ip4(203, 0, 113, 0), 24, AddressKind::forbidden},   // documentation
    Range4{ip4(224, 0, 0, 0), 4, AddressKind::forbidden},      // multicast
    Range4{ip4(240, 0, 0, 0), 4, AddressKind::forbidden},      // reserved, broadcast
};

AddressKind kind_of(std::uint32_t address) {
  for (const auto& [network, bits, kind] : kRanges4) {
    if ((address >> (32 - bits)) == (network >> (32 - bits))) return kind;
  }
  return AddressKind::public_internet;
}

using Bytes6 = std::array<std::uint8_t, 16>;

bool starts_with(const Bytes6& address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

std::uint32_t embedded4(const Bytes6& address, std::size_t offset) {
  return ip4(address[offset], address[offset + 1], address[offset + 2], address[offset + 3]);
}

AddressKind kind_of(const Bytes6& a) {
  static constexpr std::array<std::uint8_t, 12> kZeros{};
  if (std::equal(kZeros.begin(), kZeros.end(), a.begin())) {  // ::1, ::, and the deprecated ::a.b.c.d
    const auto rest = embedded4(a, 12);
    if (rest == 1) return AddressKind::loopback;
    return AddressKind::forbidden;
  }
  if (std::equal(kZeros.begin(), kZeros.begin() + 10, a.begin()) && a[10] == 0xff && a[11] == 0xff) {
    return kind_of(embedded4(a, 12));  // ::ffff:a.b.c.d
  }
  if (starts_with(a, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return kind_of(embedded4(a, 12));  // NAT64
  if (starts_with(a, {0x20, 0x02})) return kind_of(embedded4(a, 2));                                       // 6to4
  if ((a[0] & 0xfe) == 0xfc) return AddressKind::private_network;                         // unique local fc00::/7
  if ((a[0] & 0xe0) != 0x20) return AddressKind::forbidden;                               // not global unicast 2000::/3
  if (starts_with(a, {0x20, 0x01}) && (a[2] & 0xfe) == 0) return AddressKind::forbidden;  // 2001::/23: Teredo, ORCHID …
  if (starts_with(a, {0x20, 0x01, 0x0d, 0xb8})) return AddressKind::forbidden;            // documentation
  if (starts_with(a, {0x3f, 0xff}) && (a[2] & 0xf0) == 0) return AddressKind::forbidden;  // documentation 3fff::/20
  return AddressKind::public_internet;
}

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

std::string_view without_brackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

AddressKind address_kind(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return kind_of(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    Bytes6 bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return kind_of(bytes);
  }
  return AddressKind::forbidden;
}

std::optional<AddressKind> address_kind(std::string_view numeric_address) {
  const std::string text(numeric_address);
  in_addr four{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return kind_of(ntohl(four.s_addr));
  Bytes6 six;
  if (inet_pton(AF_INET6, text.c_str(), six.data()) == 1) return kind_of(six);
  return std::nullopt;
}

bool allows(const NetworkPolicy& policy, AddressKind kind) {
  switch (kind) {
    case AddressKind::public_internet: return true;
    case AddressKind::loopback: return policy.allow_loopback;
    case AddressKind::private_network: return policy.allow_private;
    case AddressKind::forbidden: return false;
  }
  return false;
}

std::string why_refused(const NetworkPolicy& policy, const std::string& text) {
  constexpr std::size_t kLongestUrl = 4096;
  if (text.empty()) return "the URL is empty";
  if (text.size() > kLongestUrl) return "the URL is longer than 4096 bytes";
  const auto is_odd = [](unsigned char c) { return c <= ' ' || c == 0x7f || c == '\\'; };
  if (std::ranges::any_of(text, is_odd)) return "the URL holds a space, a backslash or a control character";

  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return "this is not an absolute URL";
  }
  const auto scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (scheme != "https" && !(scheme == "http" && policy.allow_plain_http)) {
    return "scheme '" + scheme + "' is not allowed; use https" + (policy.allow_plain_http ? " or http" : "");
  }
  if (!url_part(url.get(), CURLUPART_USER).empty() || !url_part(url.get(), CURLUPART_PASSWORD).empty() ||
      text.substr(0, text.find_first_of("/?#", scheme.size() + 3)).find('@') != std::string::npos) {
    return "the URL holds a user name or password";
  }
  const auto host = url_part(url.get(), CURLUPART_HOST);
  if (host.empty()) return "the URL has no host";
  const auto kind = address_kind(without_brackets(host));
  if (kind && !allows(policy, *kind)) return "address " + host + " is not on the public internet";
  return {};
}

}  // namespace platform::vendors
