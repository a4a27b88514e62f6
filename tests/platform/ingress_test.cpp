#include "platform_fixture.hpp"

#include <pqxx/except>

namespace platform::test {
namespace {

class Ingress : public PlatformTest {
 protected:
  struct Received {
    bool is_new;
    std::string key_time;
  };
  Received file(const std::string& vendor_time, const std::string& type = "end-of-call-report",
                const std::string& status = "") {
    auto tx = begin();
    const auto row = tx.exec_params1(
        "SELECT is_new, key_time FROM platform.receive_vapi_event($1::uuid, 'c', $2, $3, "
        "nullif($4, '')::timestamptz, '{}')",
        acme_.to_string(), type, status, vendor_time);
    tx.commit();
    return {row[0].as<bool>(), row[1].c_str()};
  }
};

TEST_F(Ingress, a_repeated_delivery_is_not_new) {
  const auto now = owner_value("SELECT now()::text");
  EXPECT_TRUE(file(now).is_new);
  EXPECT_FALSE(file(now).is_new);
  EXPECT_TRUE(file(now, "status-update", "in-progress").is_new);
  EXPECT_TRUE(file(now, "status-update", "ended").is_new);
  EXPECT_FALSE(file(now, "status-update", "ended").is_new);
}

TEST_F(Ingress, a_call_is_filed_under_the_vendors_time_if_there_can_be_a_partition) {
  const auto yesterday = owner_value("SELECT (now() - interval '1 day')::text");
  EXPECT_EQ(file(yesterday).key_time, yesterday);
}

TEST_F(Ingress, events_without_a_usable_time_are_filed_under_this_month_and_still_deduplicated) {
  const auto month = owner_value("SELECT date_trunc('month', now(), 'UTC')::text");
  for (const auto& time : {"", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "infinity"}) {
    EXPECT_EQ(file(time).key_time, month) << time;
  }
  EXPECT_FALSE(file("").is_new);
}

TEST_F(Ingress, an_unknown_or_suspended_organization_is_refused) {
  owner("UPDATE platform.organizations SET status = 'suspended' WHERE slug = 'acme'");
  EXPECT_THROW(file(""), pqxx::foreign_key_violation);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.vapi_events"), "0");
}

TEST_F(Ingress, the_body_is_kept_byte_for_byte) {
  const std::string body = "{ \"message\" : {\"x\":1.00, \"u\":\"\\u0000\" } }\n";
  receive("end-of-call-report", "", body);
  EXPECT_EQ(owner_value("SELECT body FROM platform.vapi_events"), body);
}

}  // namespace
}  // namespace platform::test
