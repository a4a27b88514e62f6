#include "platform_fixture.hpp"

#include <thread>

namespace platform::test {
namespace {

class Broadcasts : public PlatformTest {
 protected:
  static vendors::Broadcast of(const holdfast::Uuid& tenant, const std::string& payload = "{}") {
    return {tenant.to_string(), "id", "organization:x", "call_completed", payload};
  }
};

TEST_F(Broadcasts, of_many_callers_and_tenants_are_all_written) {
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) broadcasts_.add(of(c % 2 ? acme_ : globex_));
    });
  for (auto& caller : callers) caller.join();
  broadcasts_.flush();
  EXPECT_EQ(owner_value("SELECT string_agg(n::text, ' ') FROM (SELECT count(*) n FROM platform.broadcasts "
                        "GROUP BY organization_id) x"),
            "100 100");
}

TEST_F(Broadcasts, that_cannot_be_written_are_dropped_and_the_next_ones_are_not) {
  auto bad = of(acme_);
  bad.organization_id = "nobody";
  broadcasts_.add(bad);
  broadcasts_.flush();
  broadcasts_.add(of(acme_));
  broadcasts_.flush();
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.broadcasts"), "1");
}

TEST_F(Broadcasts, are_written_on_a_new_connection_after_one_was_lost) {
  broadcasts_.add(of(acme_));
  broadcasts_.flush();
  owner(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
      "AND datname = current_database()");
  for (int i = 0; i < 2; ++i) {  // the first may be dropped
    broadcasts_.add(of(acme_));
    broadcasts_.flush();
  }
  EXPECT_GE(std::stoi(owner_value("SELECT count(*) FROM platform.broadcasts")), 2);
}

TEST_F(Broadcasts, that_wait_are_written_when_the_program_ends) {
  {
    BroadcastWriter ending(runtime_);
    ending.add(of(acme_));
  }
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.broadcasts"), "1");
}

}  // namespace
}  // namespace platform::test
