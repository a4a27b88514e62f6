#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <httplib.h>
#include <pqxx/pqxx>

#include <holdfast/client/client.hpp>
#include <holdfast/http/http_server.hpp>
#include <ingress/platform_api.hpp>
#include <tests/support/test_database.hpp>

namespace platform::ingress::test {

inline const std::string kSecret = "vapi-test-secret";

/// The API on a free port, with a database of its own as the runtime role, and one organization whose credential is
/// the bearer token kSecret.
class ApiTest : public testing::Test {
 protected:
  ApiTest();
  ~ApiTest() override;

  /// Replaces the server by one with these options.
  void serve(PlatformApiOptions options = {}, holdfast::http::HttpServerOptions server = {});
  httplib::Client client() const;

  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer post(const std::string& body, const httplib::Headers& headers) const;
  /// With the right bearer token.
  Answer post(const std::string& body) const { return post(body, {{"Authorization", "Bearer " + kSecret}}); }

  std::string path() const { return "/webhooks/vapi/" + organization_.to_string(); }
  void set_authentication(const std::string& json);
  void set_settings(const std::string& vapi_json);

  /// As the owner: sees every tenant.
  pqxx::result owner(const std::string& sql) const;
  std::string value(const std::string& sql) const { return owner(sql)[0][0].c_str(); }
  std::string count_of_events() const { return value("SELECT count(*) FROM platform.vapi_events"); }
  std::string count_of_runs() const { return value("SELECT count(*) FROM holdfast.runs"); }

  /// Refuses connections and ends those that are open, until `back()`.
  void database_away() const;
  void database_back() const;

  static std::string report(const std::string& call_id = "call-1");
  static std::string status_update(const std::string& status, const std::string& call_id = "call-1");

  const holdfast::Uuid organization_ = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000a");
  holdfast::test::TestDatabase database_{holdfast::test::Schema::platform};
  const std::string runtime_ = database_.connection_string() + " options='-c role=holdfast_runtime'";
  std::unique_ptr<PlatformApi> api_;
  std::unique_ptr<holdfast::http::HttpServer> server_;
};

}  // namespace platform::ingress::test
