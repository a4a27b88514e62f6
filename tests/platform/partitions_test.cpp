#include "platform_fixture.hpp"

#include <pqxx/except>

namespace platform::test {
namespace {

using Partitions = PlatformTest;

TEST_F(Partitions, are_made_ahead_by_the_runtime_role_and_only_once) {
  auto tx = begin();
  const auto made = tx.exec1("SELECT platform.ensure_partitions(5)")[0].as<int>();
  EXPECT_GT(made, 0);
  EXPECT_EQ(tx.exec1("SELECT platform.ensure_partitions(5)")[0].as<int>(), 0);
  tx.commit();
  const auto parents =
      std::stoi(owner_value("SELECT count(*) FROM pg_class WHERE relkind = 'p' "
                            "AND relnamespace = 'platform'::regnamespace"));
  EXPECT_EQ(made, 2 * parents);  // months 4 and 5; 0 to 3 come with the migration
}

TEST_F(Partitions, a_bad_number_of_months_is_refused_by_name) {
  for (const auto& months : {"-1", "25", "NULL"}) {
    auto tx = begin();
    try {
      tx.exec(std::string("SELECT platform.ensure_partitions(") + months + ")");
      FAIL() << months;
    } catch (const pqxx::sql_error& e) {
      EXPECT_NE(std::string(e.what()).find("allowed is 0 to 24"), std::string::npos) << e.what();
    }
  }
}

TEST_F(Partitions, have_every_index_of_their_parent_and_no_default) {
  EXPECT_EQ(owner_value("SELECT count(*) FROM pg_partitioned_table WHERE partdefid <> 0 "
                        "AND partrelid::regclass::text LIKE 'platform.%'"),
            "0");
  EXPECT_EQ(owner_value("SELECT count(*) FROM pg_index WHERE indrelid::regclass::text LIKE 'platform.%' "
                        "AND NOT indisvalid"),
            "0");
}

TEST_F(Partitions, statements_that_name_the_call_touch_one_partition) {
  const auto call = receive_report();
  std::string plan;
  pqxx::nontransaction tx(*owner_);
  for (const auto& row : tx.exec_params("EXPLAIN SELECT * FROM platform.calls WHERE organization_id = $1::uuid AND "
                                        "created_at = $2::timestamptz AND id = $3",
                                        acme_.to_string(), holdfast::to_rfc3339(call.created_at), call.call_id))
    plan += std::string(row[0].c_str()) + "\n";
  EXPECT_NE(plan.find("Index Scan using calls_20"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("Scan"), plan.rfind("Scan")) << plan;
}

}  // namespace
}  // namespace platform::test
