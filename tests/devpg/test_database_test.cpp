#include <tests/support/test_database.hpp>

#include <pqxx/pqxx>

#include <gtest/gtest.h>

namespace holdfast::test {
namespace {

int count_schemas(const TestDatabase& database, const std::string& name) {
  pqxx::connection connection(database.connection_string());
  pqxx::nontransaction session(connection);
  return session.exec("SELECT count(*) FROM pg_namespace WHERE nspname = " + session.quote(name))[0][0].as<int>();
}

TEST(TestDatabase, an_empty_one_has_no_schema_of_ours) {
  TestDatabase database(Schema::empty);
  EXPECT_EQ(count_schemas(database, "holdfast"), 0);
  EXPECT_EQ(count_schemas(database, "platform"), 0);
}

TEST(TestDatabase, two_of_them_share_nothing) {
  TestDatabase first(Schema::empty);
  TestDatabase second(Schema::empty);
  {
    pqxx::connection connection(first.connection_string());
    pqxx::work transaction(connection);
    transaction.exec("CREATE SCHEMA only_here");
    transaction.commit();
  }
  EXPECT_EQ(count_schemas(first, "only_here"), 1);
  EXPECT_EQ(count_schemas(second, "only_here"), 0);
}

TEST(TestDatabase, the_platform_schema_comes_with_the_engine_schema) {
  TestDatabase database(Schema::platform);
  EXPECT_EQ(count_schemas(database, "holdfast"), 1);
  EXPECT_EQ(count_schemas(database, "platform"), 1);
}

}  // namespace
}  // namespace holdfast::test
