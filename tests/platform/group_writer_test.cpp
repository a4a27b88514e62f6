#include "platform_fixture.hpp"

#include <thread>

namespace platform::test {
namespace {

class Writer : public PlatformTest {
 protected:
  vendors::OutboxMessage message(const holdfast::Uuid& tenant, const std::string& key) {
    return {.channel = "sms", .organization_id = tenant.to_string(), .idempotency_key = key, .recipient = "+14155550123",
            .subject = "", .body = "hello"};
  }
};

TEST_F(Writer, rows_of_many_callers_and_tenants_are_all_there) {
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 20; ++i) {
        writer_.record_message(message((c + i) % 2 ? acme_ : globex_, std::to_string(c * 100 + i)));
        writer_.record_broadcast({(c % 2 ? acme_ : globex_).to_string(), "b", "topic", "call_completed", "{}"});
      }
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(owner_value("SELECT string_agg(n::text, ' ') FROM (SELECT count(*) n FROM platform.outbox "
                        "GROUP BY organization_id) x"), "80 80");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.broadcasts"), "160");
}

TEST_F(Writer, the_same_key_is_recorded_once) {
  writer_.record_message(message(acme_, "k"));
  writer_.record_message(message(acme_, "k"));
  writer_.record_message(message(globex_, "k"));
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.outbox"), "2");
}

TEST_F(Writer, a_bad_row_fails_its_caller_and_nobody_else) {
  auto bad = message(acme_, "bad");
  bad.organization_id = "nobody";
  std::vector<std::thread> callers;
  std::atomic<int> failed = 0;
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 10; ++i) {
        if (c == 0) {
          try {
            writer_.record_message(bad);
          } catch (const std::exception&) {
            ++failed;
          }
        } else {
          writer_.record_message(message(acme_, std::to_string(c * 100 + i)));
        }
      }
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(failed, 10);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.outbox"), "50");
}

TEST_F(Writer, a_lost_connection_is_replaced) {
  writer_.record_message(message(acme_, "before"));
  owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND datname = current_database()");
  writer_.record_message(message(acme_, "lost"));   // one row is repeated on a new connection
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.outbox"), "2");
}

}  // namespace
}  // namespace platform::test
