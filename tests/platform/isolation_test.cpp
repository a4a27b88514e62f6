#include "platform_fixture.hpp"

#include <pqxx/except>

namespace platform::test {
namespace {

class Isolation : public PlatformTest {
 protected:
  static void set_tenant(pqxx::transaction_base& tx, const holdfast::Uuid& id) {
    tx.exec_params("SELECT set_config('app.organization_id', $1, true)", id.to_string());
  }
  /// Tables that hold rows of tenants and that programs may read.
  std::vector<std::string> tenant_tables() {
    std::vector<std::string> names;
    for (const auto& row : owner("SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'platform'::regnamespace "
                                 "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'plans' "
                                 "AND has_table_privilege('holdfast_runtime', c.oid, 'SELECT')"))
      names.emplace_back(row[0].c_str());
    return names;
  }
};

TEST_F(Isolation, the_runtime_role_can_neither_own_nor_bypass) {
  EXPECT_EQ(owner_value("SELECT count(*) FROM pg_roles WHERE rolname = 'holdfast_runtime' "
                        "AND (rolsuper OR rolbypassrls OR rolcreaterole)"),
            "0");
  EXPECT_EQ(owner_value("SELECT count(*) FROM pg_class WHERE relnamespace = 'platform'::regnamespace "
                        "AND relowner = 'holdfast_runtime'::regrole"),
            "0");
}

TEST_F(Isolation, every_tenant_table_and_partition_has_row_level_security_and_parents_force_it) {
  EXPECT_EQ(owner_value("SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class "
                        "WHERE relnamespace = 'platform'::regnamespace AND relkind IN ('r', 'p') "
                        "AND relname <> 'plans' AND NOT relrowsecurity"),
            "");
  EXPECT_EQ(owner_value("SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class "
                        "WHERE relnamespace = 'platform'::regnamespace AND relkind IN ('r', 'p') "
                        "AND NOT relispartition AND relname <> 'plans' AND NOT relforcerowsecurity"),
            "");
}

TEST_F(Isolation, another_tenants_rows_cannot_be_read) {
  const auto call = receive_report();
  step(bodies::update_call_record, call);
  step(bodies::store_transcript, call);
  ASSERT_EQ(owner_value("SELECT count(*) FROM platform.calls"), "1");

  auto tx = begin();
  set_tenant(tx, globex_);
  for (const auto& table : {"calls", "call_transcripts", "vapi_events"})
    EXPECT_EQ(tx.exec1(std::string("SELECT count(*) FROM platform.") + table)[0].as<int>(), 0) << table;
  EXPECT_EQ(tx.exec1("SELECT count(*) FROM platform.organizations")[0].as<int>(), 1);
  EXPECT_EQ(tx.exec1("SELECT count(*) FROM platform.integrations")[0].as<int>(), 1);
  set_tenant(tx, acme_);
  EXPECT_EQ(tx.exec1("SELECT count(*) FROM platform.calls")[0].as<int>(), 1);
}

TEST_F(Isolation, without_a_tenant_nothing_is_visible) {
  receive_report();
  for (const auto& table : tenant_tables()) {
    auto tx = begin();
    EXPECT_EQ(tx.exec1("SELECT count(*) FROM platform." + table)[0].as<int>(), 0) << table;
  }
}

TEST_F(Isolation, a_row_for_another_tenant_cannot_be_inserted) {
  auto tx = begin();
  set_tenant(tx, globex_);
  EXPECT_THROW(tx.exec_params("INSERT INTO platform.calls (organization_id, created_at, id, status) "
                              "VALUES ($1::uuid, now(), 'stolen', 'completed')",
                              acme_.to_string()),
               pqxx::insufficient_privilege);
}

TEST_F(Isolation, another_tenants_rows_cannot_be_changed_or_deleted) {
  auto tx = begin();
  set_tenant(tx, globex_);
  EXPECT_EQ(
      tx.exec_params("UPDATE platform.integrations SET url = 'https://evil.test' WHERE organization_id = $1::uuid",
                     acme_.to_string())
          .affected_rows(),
      0u);
  EXPECT_EQ(tx.exec("DELETE FROM platform.integrations").affected_rows(), 1u);  // its own
  tx.commit();
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.integrations WHERE url LIKE '%acme%'"), "1");
}

TEST_F(Isolation, a_partition_cannot_be_read_around_its_parents_policy) {
  const auto partition = owner_value("SELECT relname FROM pg_class WHERE relname LIKE 'calls\\_20%' LIMIT 1");
  auto tx = begin();
  set_tenant(tx, acme_);
  EXPECT_THROW(tx.exec("SELECT count(*) FROM platform." + partition), pqxx::insufficient_privilege);
}

TEST_F(Isolation, records_cannot_be_rewritten) {
  for (const auto& table : {"usage_ledger", "billing_events", "audit_log"}) {
    auto tx = begin();
    set_tenant(tx, acme_);
    EXPECT_THROW(tx.exec(std::string("DELETE FROM platform.") + table), pqxx::insufficient_privilege) << table;
  }
}

TEST_F(Isolation, the_tenant_ends_with_its_transaction) {
  {
    auto tx = begin();
    set_tenant(tx, acme_);
    tx.commit();
  }
  auto tx = begin();
  EXPECT_EQ(tx.exec1("SELECT count(*) FROM platform.organizations")[0].as<int>(), 0);
}

TEST_F(Isolation, steps_of_two_tenants_share_a_transaction) {
  const auto ours = receive_report();
  auto theirs = ours;
  theirs.organization_id = globex_;
  auto tx = begin();
  bodies::add_usage(services_, tx, {.call = ours, .duration_ms = 61'000});
  bodies::add_usage(services_, tx, {.call = theirs, .duration_ms = 1'000});
  bodies::add_usage(services_, tx, {.call = {acme_, "call-2", ours.created_at}, .duration_ms = 0});
  tx.commit();
  EXPECT_EQ(owner_value("SELECT string_agg(slug || ' ' || minutes_used || ' ' || calls, ', ' ORDER BY slug) "
                        "FROM platform.organization_usage"),
            "acme 2 2, globex 1 1");
}

}  // namespace
}  // namespace platform::test
