#include <random>

#include <boost/json.hpp>

#include "billing_fixture.hpp"
#include "billing_model.hpp"

namespace platform::test {
namespace {

using holdfast::Timestamp;

/// Zones with and without daylight saving, with half hours, on both sides of the date line, and one that skipped a day.
const std::vector<std::string> kZones{
    "UTC",          "Europe/Berlin",    "America/New_York", "America/Sao_Paulo",  "Australia/Lord_Howe",
    "Asia/Kolkata", "Asia/Kathmandu",   "Pacific/Apia",     "Pacific/Kiritimati", "Africa/Casablanca",
    "Asia/Tehran",  "America/St_Johns", "Europe/Dublin",    "Pacific/Honolulu"};

class Boundaries : public BillingTest {
 protected:
  cctz::time_zone zone(const std::string& name) {
    cctz::time_zone out;
    EXPECT_TRUE(cctz::load_time_zone(name, &out)) << name;
    return out;
  }
  std::string boundary_in(const std::string& local, const std::string& name, int months) {
    return owner_value("SELECT platform.utc_text(platform.billing_boundary('" + local + "'::timestamp AT TIME ZONE '" +
                       name + "', '" + name + "', " + std::to_string(months) + "))");
  }
};

TEST_F(Boundaries, an_anchor_on_the_31st_comes_back_to_the_31st) {
  EXPECT_EQ(boundary_in("2026-01-31 12:00", "UTC", 1), "2026-02-28T12:00:00.000000Z");
  EXPECT_EQ(boundary_in("2026-01-31 12:00", "UTC", 2), "2026-03-31T12:00:00.000000Z");
  EXPECT_EQ(boundary_in("2026-01-31 12:00", "UTC", 25), "2028-02-29T12:00:00.000000Z");
}

TEST_F(Boundaries, local_time_is_kept_over_both_changes_of_the_clocks) {
  EXPECT_EQ(boundary_in("2026-03-15 00:00", "America/New_York", 0), "2026-03-15T04:00:00.000000Z");
  EXPECT_EQ(boundary_in("2026-03-15 00:00", "America/New_York", 9), "2026-12-15T05:00:00.000000Z");
  // The missing hour moves forward; of the doubled one the second is taken.
  EXPECT_EQ(boundary_in("2026-02-08 02:30", "America/New_York", 1), "2026-03-08T07:30:00.000000Z");
  EXPECT_EQ(boundary_in("2026-10-01 01:30", "America/New_York", 1), "2026-11-01T06:30:00.000000Z");
}

TEST_F(Boundaries, every_zone_and_month_end_agrees_with_a_time_zone_library) {
  std::mt19937_64 random(20261130);
  boost::json::array asked;
  std::vector<Timestamp> expected;
  for (const auto& name : kZones) {
    const auto here = zone(name);
    for (int i = 0; i < 20; ++i) {
      const auto hour = std::uniform_int_distribution(0, 47)(random);
      const cctz::civil_second local(2005 + static_cast<int>(random() % 20), 1 + static_cast<int>(random() % 12),
                                     i < 12 ? 28 + i % 4 : 1 + static_cast<int>(random() % 28), hour / 2,
                                     hour % 2 * 30);
      const Timestamp anchor = cctz::convert(local, here) + std::chrono::microseconds(i % 3 == 0 ? 999'999 : 0);
      for (int months = 0; months < 40; ++months) {
        asked.push_back({{"anchor", holdfast::to_rfc3339(anchor)}, {"zone", name}, {"months", months}});
        expected.push_back(boundary(anchor, here, months));
      }
    }
  }
  pqxx::nontransaction tx(*owner_);
  const auto rows = tx.exec_params(
      "SELECT platform.utc_text(platform.billing_boundary(anchor, zone, months)) "
      "FROM ROWS FROM (json_to_recordset($1::json) AS (anchor timestamptz, zone text, months integer)) WITH ORDINALITY "
      "ORDER BY ordinality",
      boost::json::serialize(asked));
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(rows[static_cast<int>(i)][0].c_str(), holdfast::to_rfc3339(expected[i]))
        << boost::json::serialize(asked[i]);
}

TEST_F(Boundaries, the_next_and_the_last_boundary_enclose_every_time) {
  // Each boundary itself, a microsecond on both sides of it, and times in between.
  EXPECT_EQ(owner_value(R"(
    WITH anchors AS (
      SELECT a.anchor, z.zone FROM (VALUES ('2024-01-31 02:30+00'::timestamptz), ('2024-03-31 01:00+00'),
        ('2023-12-30 23:59:59.999999+00'), ('2024-02-29 12:00+00'), ('2024-10-27 00:30+00')) a (anchor),
        (VALUES ('UTC'), ('Europe/Berlin'), ('America/New_York'), ('Australia/Lord_Howe'), ('Pacific/Apia')) z (zone)),
    boundaries AS (
      SELECT anchor, zone, n, platform.billing_boundary(anchor, zone, n) AS b,
             platform.billing_boundary(anchor, zone, n + 1) AS next
      FROM anchors, generate_series(0, 36) n),
    times AS (
      SELECT anchor, zone, b, next, t FROM boundaries,
        LATERAL (VALUES (b), (b + interval '1 us'), (b + (next - b) / 2), (next - interval '1 us')) v (t))
    SELECT count(*) FROM times
    WHERE platform.last_billing_boundary(anchor, zone, t) <> b OR platform.next_billing_boundary(anchor, zone, t) <> next
       OR b >= next)"),
            "0");
}

}  // namespace
}  // namespace platform::test
