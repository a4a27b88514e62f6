#pragma once

#include <string>

namespace holdfast::test {

/// What a new TestDatabase holds.
enum class Schema {
  empty,    ///< nothing
  engine,   ///< schema/engine
  platform  ///< schema/engine and schema/platform
};

/// A database of its own for one test: cloned from a migrated template, dropped with the object.
///
/// The first one in a process starts a private PostgreSQL (fsync off) that lives as long as the process. With
/// HOLDFAST_TEST_PG set to a libpq connection string (key=value form, a superuser) that server is used instead.
/// Objects may be made from several threads.
class TestDatabase {
 public:
  explicit TestDatabase(Schema schema = Schema::engine);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& name() const { return name_; }
  /// As the superuser.
  std::string connection_string() const;

 private:
  std::string name_;
};

}  // namespace holdfast::test
