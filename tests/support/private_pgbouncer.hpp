#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace holdfast::test {

/// A PgBouncer in transaction mode in front of the server that a libpq connection string names. Ends with the object,
/// or with this process. Throws std::runtime_error, with the program's log, if it does not start.
class PrivatePgbouncer {
 public:
  explicit PrivatePgbouncer(const std::string& server_connection_string);
  ~PrivatePgbouncer();
  PrivatePgbouncer(const PrivatePgbouncer&) = delete;
  PrivatePgbouncer& operator=(const PrivatePgbouncer&) = delete;

  /// The same database, through PgBouncer.
  const std::string& connection_string() const { return connection_string_; }

 private:
  void write_configuration(const std::string& host, const std::string& port, const std::string& user) const;
  void start();
  bool accepts_connections() const;
  std::string log() const;

  std::filesystem::path folder_;
  std::string connection_string_;
  pid_t pid_ = -1;
};

}  // namespace holdfast::test
