#include <array>
#include <barrier>
#include <thread>

#include <gmock/gmock.h>

#include <holdfast/store/postgres/migrations.hpp>

#include "postgres_fixture.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using postgres::EmbeddedMigration;
using postgres::Migrator;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PostgresMigrations : public testing::Test {
 protected:
  Migrator migrator(std::span<const EmbeddedMigration> migrations, std::string set = "test") {
    return Migrator(database_.connection_string(), std::move(set), migrations);
  }
  static std::string problem(const Migrator& migrator) {
    try {
      migrator.check();
      return "";
    } catch (const SchemaMismatch& error) {
      return error.what();
    }
  }

  TestDatabase database_{Schema::empty};
  std::vector<EmbeddedMigration> two_{{"0001_a.sql", "CREATE TABLE a (n int);"},
                                      {"0002_b.sql", "CREATE TABLE b (n int); INSERT INTO b VALUES (1);"}};
};

TEST_F(PostgresMigrations, ApplyOnceAndInOrder) {
  EXPECT_THAT(migrator(two_).plan(), ElementsAre("0001_a.sql", "0002_b.sql"));
  EXPECT_THAT(migrator(two_).apply(), ElementsAre("0001_a.sql", "0002_b.sql"));
  EXPECT_THAT(migrator(two_).apply(), IsEmpty());
  EXPECT_THAT(migrator(two_).plan(), IsEmpty());
  migrator(two_).check();
}

TEST_F(PostgresMigrations, TheEnginesOwnApplyToAnEmptyDatabase) {
  const auto engine = postgres::embedded_engine_migrations();
  EXPECT_EQ(migrator(engine, "engine").apply().size(), engine.size());
  migrator(engine, "engine").check();
  open_postgres_store({.connection_string = database_.connection_string()})->maintain();
}

TEST_F(PostgresMigrations, WhatFollowsLaterIsAppliedLater) {
  migrator({two_.data(), 1}).apply();
  EXPECT_THAT(problem(migrator(two_)), HasSubstr("missing: 0002_b.sql"));
  EXPECT_THAT(migrator(two_).plan(), ElementsAre("0002_b.sql"));
  EXPECT_THAT(migrator(two_).apply(), ElementsAre("0002_b.sql"));
}

TEST_F(PostgresMigrations, ManyThatStartAtOnceApplyEachOnce) {
  constexpr int kPrograms = 6;
  std::barrier start(kPrograms);
  std::array<std::size_t, kPrograms> applied{};
  std::vector<std::thread> programs;
  for (std::size_t i = 0; i < kPrograms; ++i) {
    programs.emplace_back([&, i] {
      start.arrive_and_wait();
      applied[i] = migrator(two_).apply().size();
    });
  }
  for (auto& program : programs) program.join();
  std::size_t total = 0;
  for (const auto count : applied) total += count;
  EXPECT_EQ(total, two_.size());
  migrator(two_).check();
}

TEST_F(PostgresMigrations, AChangedFileIsRefusedByName) {
  migrator(two_).apply();
  two_[0].sql = "CREATE TABLE a (n bigint);";
  EXPECT_THAT(problem(migrator(two_)), HasSubstr("changed after it was applied: 0001_a.sql"));
  EXPECT_THROW(migrator(two_).apply(), SchemaMismatch);
  EXPECT_THROW(migrator(two_).plan(), SchemaMismatch);
}

TEST_F(PostgresMigrations, ANewerDatabaseIsRefusedByName) {
  migrator(two_).apply();
  EXPECT_THAT(problem(migrator({two_.data(), 1})), HasSubstr("unknown to this program: 0002_b.sql"));
}

TEST_F(PostgresMigrations, ADatabaseWithoutAnySchemaSaysWhatToDo) {
  EXPECT_THAT(problem(migrator(two_)), HasSubstr("wfctl migrate"));
  const auto store = open_postgres_store({.connection_string = database_.connection_string()});
  EXPECT_THROW(store->register_worker({}), SchemaMismatch);
}

TEST_F(PostgresMigrations, AFailingOneLeavesNothingOfItself) {
  two_[1].sql = "CREATE TABLE b (n int); SELECT 1/0;";
  try {
    migrator(two_).apply();
    ADD_FAILURE() << "it applied";
  } catch (const StatementFailed& error) {
    EXPECT_THAT(error.what(), HasSubstr("0002_b.sql"));
    EXPECT_EQ(error.sqlstate, "22012");
  }
  EXPECT_THAT(migrator(two_).plan(), ElementsAre("0002_b.sql"));
  two_[1].sql = "CREATE TABLE b (n int);";
  EXPECT_THAT(migrator(two_).apply(), ElementsAre("0002_b.sql"));
}

TEST_F(PostgresMigrations, TwoSetsDoNotKnowEachOther) {
  migrator(two_, "engine").apply();
  const EmbeddedMigration other{"0001_a.sql", "CREATE TABLE other (n int);"};
  EXPECT_THAT(migrator({&other, 1}, "platform").apply(), ElementsAre("0001_a.sql"));
  migrator(two_, "engine").check();
}

TEST_F(PostgresMigrations, ThePrintedScriptDoesWhatApplyDoes) {
  pqxx::connection connection(database_.connection_string());
  pqxx::nontransaction(connection).exec(migrator(two_).sql());
  migrator(two_).check();
  EXPECT_EQ(migrator(two_).sql(), "");
  EXPECT_THAT(migrator(two_).sql_from_scratch(), HasSubstr("-- test/0001_a.sql"));
}

TEST_F(PostgresMigrations, AnUnreachableServerIsUnavailable) {
  EXPECT_THROW(Migrator("host=/nowhere", "test", two_).apply(), Unavailable);
}

TEST(Sha256, IsTheStandards) {
  EXPECT_EQ(postgres::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace holdfast::test
