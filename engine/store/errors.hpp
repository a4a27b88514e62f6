#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <holdfast/core/uuid.hpp>

namespace holdfast::store {

/// Base of everything that a store throws. The classes are named for what the caller has to do.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The database cannot be reached, or went away before COMMIT was sent: nothing happened, try again with back-off.
struct Unavailable : Error {
  using Error::Error;
};

/// The connection broke while COMMIT was under way: it may have happened. Read back before repeating.
struct InDoubt : Error {
  using Error::Error;
};

/// This worker's lease ended: whatever it holds in memory is void. Drop it and register anew.
struct LeaseLost : Error {
  using Error::Error;
};

/// Another owner or an unread message stands in the way: drop the named runs and load them again.
struct Conflict : Error {
  Conflict(const std::string& what, std::vector<Uuid> runs) : Error(what), runs(std::move(runs)) {}
  std::vector<Uuid> runs;  ///< empty: the store cannot tell; repeat run by run
};

/// A value that the caller passed is not allowed; the message names field, value and what is allowed.
struct InvalidArgument : Error {
  using Error::Error;
};

/// The database has no Holdfast schema, or one of another version: run `wfctl migrate`.
struct SchemaMismatch : Error {
  using Error::Error;
};

/// A statement failed for another reason (permission, disk full, ...). The message is PostgreSQL's.
struct StatementFailed : Error {
  StatementFailed(const std::string& what, std::string sqlstate) : Error(what), sqlstate(std::move(sqlstate)) {}
  std::string sqlstate;
};

}  // namespace holdfast::store
