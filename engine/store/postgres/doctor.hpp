#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/time.hpp>

namespace holdfast::store::postgres {

/// One question to the tables. Its statement returns one text column: a row per finding.
struct DoctorCheck {
  enum class Kind : std::uint8_t {
    promise,  ///< a finding is a broken promise: something that must never be
    warning,  ///< a finding deserves attention and may explain slowness
  };
  enum class Scope : std::uint8_t {
    database,  ///< one statement; $1 is the most findings to return
    runs,      ///< one statement per range of run ids: $1 (exclusive) and $2 (inclusive) as uuid, $3 the most findings
  };
  std::string name;  ///< what holds when there is no finding, in words
  Kind kind = Kind::promise;
  Scope scope = Scope::database;
  std::string sql;
};

struct DoctorOptions {
  /// Only runs that were started since; everything when empty.
  std::optional<Timestamp> since;
  /// Findings kept per check; further ones are only known to exist.
  int findings_per_check = 20;
  /// Runs per statement: bounds the time that one snapshot is held, and the memory of one statement.
  int runs_per_page = 5000;
  /// Called now and then with the number of runs looked at so far.
  std::function<void(std::int64_t runs)> on_progress;
};

struct DoctorResult {
  std::string name;
  DoctorCheck::Kind kind = DoctorCheck::Kind::promise;
  std::vector<std::string> findings;
  bool more = false;  ///< there are further findings
  std::string error;  ///< not empty: the check could not be run (a missing right, a statement timeout)
};

/// A figure that is reported whether it is good or bad.
struct DoctorFact {
  std::string name, value;
};

struct DoctorReport {
  std::vector<DoctorResult> checks;
  std::vector<DoctorFact> facts;
  std::int64_t runs_examined = 0;
  /// True when no promise is broken and every promise could be checked.
  bool healthy() const;
};

/// The promises of the engine that its tables can prove, and warnings about the server.
std::vector<DoctorCheck> engine_doctor_checks();

/// Runs the engine's checks and `extra` ones on a database in use. Reads only; each statement has a snapshot of its
/// own, in which the promises must hold. Throws store::Unavailable, store::SchemaMismatch.
DoctorReport examine(const std::string& connection_string, const std::vector<DoctorCheck>& extra = {},
                     const DoctorOptions& options = {});

}  // namespace holdfast::store::postgres
