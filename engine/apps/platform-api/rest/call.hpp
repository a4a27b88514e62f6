#pragma once

#include <map>
#include <string>
#include <utility>

#include <pqxx/transaction>

#include <activities/statement.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/http/http_server.hpp>
#include <rest/query.hpp>

namespace platform::rest {

/// One request on its way through a handler: whose it is, what the path says, and the transaction that it runs in,
/// whose tenant is set. A handler may run twice when the database went away, so it keeps nothing elsewhere.
struct Call {
  const holdfast::http::HttpRequest& http;
  std::map<std::string, std::string> path{};  ///< values of {name} in the route's pattern
  Query query;
  holdfast::Uuid organization{};  ///< nil for routes of operators and of everybody
  pqxx::work& tx;
  SqlRunner sql_runner;
  std::string wake{};  ///< a task queue whose workers should look after the commit; empty: none

  /// Runs a statement. The tenant is set, so it must only name it where an index needs that.
  template <class... Args>
  pqxx::result sql(const Statement& statement, Args&&... args) {
    return sql_runner(tx, statement, std::forward<Args>(args)...);
  }
  std::string tenant() const { return organization.to_string(); }
  /// A path value that is a UUID; ApiError 404 for anything else, because nothing is there.
  std::string uuid(const std::string& name, std::string_view what) const;
};

/// A body of JSON with a status.
inline holdfast::http::HttpResponse json_response(std::string body, int status = 200) {
  return {.status = status, .body = std::move(body)};
}

}  // namespace platform::rest
