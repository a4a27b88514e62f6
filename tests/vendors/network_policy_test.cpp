#include <activities/vendors/network_policy.hpp>

#include <gtest/gtest.h>

namespace platform::vendors {
namespace {

struct Case {
  const char* address;
  AddressKind kind;
};

constexpr Case kCases[] = {
    {"8.8.8.8", AddressKind::public_internet},
    {"1.1.1.1", AddressKind::public_internet},
    {"172.15.255.255", AddressKind::public_internet},
    {"172.32.0.0", AddressKind::public_internet},
    {"100.63.255.255", AddressKind::public_internet},
    {"100.128.0.0", AddressKind::public_internet},
    {"223.255.255.255", AddressKind::public_internet},
    {"2606:4700:4700::1111", AddressKind::public_internet},
    {"2a00:1450:4001::1", AddressKind::public_internet},
    {"127.0.0.1", AddressKind::loopback},
    {"127.255.255.254", AddressKind::loopback},
    {"::1", AddressKind::loopback},
    {"::ffff:127.0.0.1", AddressKind::loopback},
    {"10.0.0.1", AddressKind::private_network},
    {"10.255.255.255", AddressKind::private_network},
    {"172.16.0.1", AddressKind::private_network},
    {"172.31.255.255", AddressKind::private_network},
    {"192.168.1.1", AddressKind::private_network},
    {"100.64.0.1", AddressKind::private_network},
    {"100.127.255.255", AddressKind::private_network},
    {"fc00::1", AddressKind::private_network},
    {"fdff:ffff::1", AddressKind::private_network},
    {"::ffff:10.0.0.1", AddressKind::private_network},
    {"64:ff9b::10.0.0.1", AddressKind::private_network},
    {"2002:0a00:0001::1", AddressKind::private_network},
    {"0.0.0.0", AddressKind::forbidden},
    {"0.1.2.3", AddressKind::forbidden},
    {"169.254.169.254", AddressKind::forbidden},
    {"::ffff:169.254.169.254", AddressKind::forbidden},
    {"64:ff9b::169.254.169.254", AddressKind::forbidden},
    {"2002:a9fe:a9fe::1", AddressKind::forbidden},
    {"64:ff9b:1::1", AddressKind::forbidden},
    {"192.0.0.1", AddressKind::forbidden},
    {"192.0.2.1", AddressKind::forbidden},
    {"192.88.99.1", AddressKind::forbidden},
    {"198.18.0.1", AddressKind::forbidden},
    {"198.19.255.255", AddressKind::forbidden},
    {"198.51.100.1", AddressKind::forbidden},
    {"203.0.113.1", AddressKind::forbidden},
    {"224.0.0.1", AddressKind::forbidden},
    {"239.255.255.255", AddressKind::forbidden},
    {"240.0.0.1", AddressKind::forbidden},
    {"255.255.255.255", AddressKind::forbidden},
    {"::", AddressKind::forbidden},
    {"::7f00:1", AddressKind::forbidden},
    {"fe80::1", AddressKind::forbidden},
    {"fec0::1", AddressKind::forbidden},
    {"ff02::1", AddressKind::forbidden},
    {"100::1", AddressKind::forbidden},
    {"2001::1", AddressKind::forbidden},
    {"2001:db8::1", AddressKind::forbidden},
    {"3fff::1", AddressKind::forbidden},
    {"4000::1", AddressKind::forbidden},
};

TEST(NetworkPolicy, EveryRangeHasItsKind) {
  for (const auto& [address, kind] : kCases) {
    ASSERT_TRUE(address_kind(address)) << address;
    EXPECT_EQ(static_cast<int>(*address_kind(address)), static_cast<int>(kind)) << address;
  }
}

TEST(NetworkPolicy, NamesAreNotAddresses) {
  for (const auto* name : {"localhost", "example.com", "", "127.1", "0x7f000001", "2130706433"}) {
    EXPECT_FALSE(address_kind(name)) << name;
  }
}

TEST(NetworkPolicy, ThePublicInternetPolicyRefusesEverythingElse) {
  const auto policy = NetworkPolicy::public_internet();
  for (const auto& [address, kind] : kCases) {
    EXPECT_EQ(allows(policy, kind), kind == AddressKind::public_internet) << address;
  }
}

TEST(NetworkPolicy, LoopbackCanBeAllowedWithoutTheRest) {
  const auto policy = NetworkPolicy::with_loopback();
  EXPECT_TRUE(allows(policy, AddressKind::loopback));
  EXPECT_FALSE(allows(policy, AddressKind::private_network));
  EXPECT_FALSE(allows(policy, AddressKind::forbidden));
}

TEST(NetworkPolicy, ForbiddenAddressesStayForbiddenInEveryPolicy) {
  const NetworkPolicy everything{.allow_loopback = true, .allow_private = true, .allow_plain_http = true};
  EXPECT_TRUE(allows(everything, AddressKind::private_network));
  EXPECT_FALSE(allows(everything, AddressKind::forbidden));
  EXPECT_FALSE(why_refused(everything, "http://169.254.169.254/latest/meta-data/").empty());
}

TEST(NetworkPolicy, OrdinaryUrlsAreTried) {
  for (const auto* url : {"https://example.com", "https://example.com:8443/a/b?c=d#e", "https://8.8.8.8/",
                          "https://[2606:4700:4700::1111]/x", "https://example.com/a@b"}) {
    EXPECT_EQ(why_refused({}, url), "") << url;
  }
  EXPECT_EQ(why_refused(NetworkPolicy::with_loopback(), "http://127.0.0.1:8080/hooks/a"), "");
}

TEST(NetworkPolicy, OddUrlsAreRefused) {
  for (const auto* url : {"",
                          "example.com",
                          "/path",
                          "http://example.com/",
                          "ftp://example.com/",
                          "file:///etc/passwd",
                          "gopher://x/",
                          "dict://example.com/",
                          "https://",
                          "https://user@example.com/",
                          "https://user:pass@example.com/",
                          "https://:pass@example.com/",
                          "https://@example.com/",
                          "https://exa mple.com/",
                          "https://example.com/\n",
                          "https://example.com\\@127.0.0.1/",
                          "https://127.0.0.1/",
                          "https://[::1]/",
                          "https://10.1.2.3/",
                          "https://[::ffff:169.254.169.254]/",
                          "https://2130706433/",
                          "https://0x7f.1/",
                          "https://0177.0.0.1/",
                          "https://example.com:99999/",
                          "javascript:alert(1)",
                          "HTTPS//example.com"}) {
    EXPECT_NE(why_refused({}, url), "") << url;
  }
  EXPECT_NE(why_refused({}, "https://example.com/" + std::string(5000, 'a')), "");
}

}  // namespace
}  // namespace platform::vendors
