#include <holdfast/core/uuid.hpp>

#include <stdexcept>
#include <unordered_set>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

// RFC 9562, appendix A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
constexpr std::array<std::uint8_t, 10> kRfcRandom{0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F};
constexpr std::chrono::milliseconds kRfcTime(1'645'557'742'000);

TEST(Uuid, Version7MatchesTheVectorOfTheRfc) {
  const Uuid id = make_uuid_v7(kRfcTime, kRfcRandom);
  EXPECT_EQ(id, Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"));
  EXPECT_EQ(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(uuid_v7_time(id), kRfcTime);
}

TEST(Uuid, VersionAndVariantDoNotDependOnTheRandomBits) {
  std::array<std::uint8_t, 10> ones;
  ones.fill(0xFF);
  EXPECT_EQ(make_uuid_v7(std::chrono::milliseconds(0), {}).to_string(), "00000000-0000-7000-8000-000000000000");
  EXPECT_EQ(make_uuid_v7(std::chrono::milliseconds(0), ones).to_string(), "00000000-0000-7fff-bfff-ffffffffffff");
}

TEST(Uuid, SortsByTime) {
  std::array<std::uint8_t, 10> ones;
  ones.fill(0xFF);
  EXPECT_LT(make_uuid_v7(kRfcTime, ones), make_uuid_v7(kRfcTime + std::chrono::milliseconds(1), {}));
}

TEST(Uuid, DefaultIsNil) {
  EXPECT_TRUE(Uuid{}.is_nil());
  EXPECT_EQ(Uuid{}.to_string(), "00000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(make_uuid_v7(kRfcTime, kRfcRandom).is_nil());
}

TEST(Uuid, AcceptsOnlyTheFormWithHyphens) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "017F22E279B07CC398C4DC0C0C07398F"sv, "{017F22E2-79B0-7CC3-98C4-DC0C0C07398F}"sv,
                          "017F22E2-79B0-7CC3-98C4-DC0C0C07398"sv, "017F22E2-79B0-7CC3-98C4-DC0C0C07398G"sv,
                          "017F22E2-79B0-7CC3-98C4-DC0C0C07398F0"sv, "017F22E27-9B0-7CC3-98C4-DC0C0C07398F"sv,
                          "017F22E2-79B0-7CC3-98C4-DC0C0C07398\0"sv, "017F22E2 79B0 7CC3 98C4 DC0C0C07398F"sv}) {
    EXPECT_THROW(Uuid::parse(text), std::invalid_argument) << text;
  }
}

TEST(Uuid, IsAKeyOfHashTables) {
  std::unordered_set<Uuid> ids{make_uuid_v7(kRfcTime, kRfcRandom), Uuid{}};
  EXPECT_TRUE(ids.contains(Uuid{}));
  EXPECT_TRUE(ids.contains(make_uuid_v7(kRfcTime, kRfcRandom)));
  EXPECT_EQ(ids.size(), 2u);
}

}  // namespace
}  // namespace holdfast
