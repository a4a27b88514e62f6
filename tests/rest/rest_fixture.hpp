#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <boost/json.hpp>
#include <pqxx/pqxx>

#include <holdfast/http/http_server.hpp>
#include <holdfast/store/store.hpp>
#include <rest/rest_api.hpp>
#include <tests/support/test_database.hpp>

namespace platform::rest::test {

/// The REST API as the runtime role on a database of its own, with two organizations and a key of each.
class RestTest : public testing::Test {
 protected:
  RestTest();

  void serve(RestOptions options = {});

  struct Answer {
    int status = 0;
    std::string body;
    holdfast::http::HeaderList headers;
    boost::json::value json() const { return boost::json::parse(body); }
    /// A member of the body as text.
    std::string text(const std::string& name) const;
  };
  Answer send(const std::string& method, const std::string& target, const std::string& body = "",
              const std::string& key = "", const std::string& content_type = "application/json");
  Answer get(const std::string& target) { return send("GET", target); }
  Answer post(const std::string& target, const std::string& body = "") { return send("POST", target, body); }
  Answer patch(const std::string& target, const std::string& body) { return send("PATCH", target, body); }

  /// As the owner: sees every tenant.
  pqxx::result owner(const std::string& sql);
  std::string value(const std::string& sql) { return owner(sql)[0][0].c_str(); }
  std::string make_key(const holdfast::Uuid& organization, const std::string& arguments = "");
  /// An endpoint of acme, by the API.
  std::string integration(const std::string& more = "");
  /// A delivery in the log of an endpoint.
  void delivery(const std::string& integration, const std::string& message, const std::string& status,
                const std::string& age = "1 minute");

  const holdfast::Uuid acme_ = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000a");
  const holdfast::Uuid globex_ = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000b");
  holdfast::test::TestDatabase database_{holdfast::test::Schema::platform};
  const std::string runtime_ = database_.connection_string() + " options='-c role=holdfast_runtime'";
  pqxx::connection owner_{database_.connection_string()};
  std::shared_ptr<holdfast::store::Store> store_;
  std::unique_ptr<RestApi> api_;
  std::string key_, other_key_;
};

}  // namespace platform::rest::test
