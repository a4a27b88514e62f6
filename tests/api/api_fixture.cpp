#include "api_fixture.hpp"

#include <activities/demo_data.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

namespace platform::ingress::test {

ApiTest::ApiTest() {
  pqxx::connection connection(database_.connection_string());
  pqxx::work tx(connection);
  DemoOrganization organization;
  organization.id = organization_;
  organization.slug = "acme";
  create_demo_organization(tx, organization);
  tx.commit();
  set_authentication(R"({"type": "bearer", "secret": ")" + kSecret + R"("})");
  PlatformApiOptions options;
  options.remember_organizations = std::chrono::milliseconds(0);
  serve(options);
}

ApiTest::~ApiTest() {
  if (server_) server_->stop();
}

void ApiTest::serve(PlatformApiOptions options, holdfast::http::HttpServerOptions server) {
  if (server_) server_->stop();
  options.database.url = runtime_;
  const std::shared_ptr<holdfast::store::Store> store =
      holdfast::store::open_postgres_store({.connection_string = runtime_, .pool_size = 1});
  api_ = std::make_unique<PlatformApi>(options, holdfast::client::Client(store));
  server_ = std::make_unique<holdfast::http::HttpServer>(
      server, [this](const holdfast::http::HttpRequest& request) { return api_->answer(request); });
  server_->start();
}

httplib::Client ApiTest::client() const {
  httplib::Client client("127.0.0.1", server_->port());
  client.set_tcp_nodelay(true);
  client.set_read_timeout(30);
  return client;
}

ApiTest::Answer ApiTest::post(const std::string& body, const httplib::Headers& headers) const {
  auto connection = client();
  const auto result = connection.Post(path(), headers, body, "application/json");
  if (!result) return {0, to_string(result.error())};
  return {result->status, result->body};
}

void ApiTest::set_authentication(const std::string& json) { set_settings(R"({"authentication": )" + json + "}"); }

void ApiTest::set_settings(const std::string& vapi_json) {
  pqxx::connection connection(database_.connection_string());
  pqxx::work tx(connection);
  tx.exec_params("UPDATE platform.organizations SET settings = jsonb_build_object('vapi', $1::jsonb)", vapi_json);
  tx.commit();
}

pqxx::result ApiTest::owner(const std::string& sql) const {
  pqxx::connection connection(database_.connection_string());
  pqxx::nontransaction tx(connection);
  return tx.exec(sql);
}

void ApiTest::database_away() const {
  pqxx::connection connection(database_.connection_string() + " dbname=postgres");
  pqxx::nontransaction tx(connection);
  tx.exec("ALTER DATABASE " + database_.name() + " ALLOW_CONNECTIONS false");
  tx.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database_.name() + "'");
}

void ApiTest::database_back() const {
  pqxx::connection connection(database_.connection_string() + " dbname=postgres");
  pqxx::nontransaction(connection).exec("ALTER DATABASE " + database_.name() + " ALLOW_CONNECTIONS true");
}

std::string ApiTest::report(const std::string& call_id) {
  return R"({"message": {"type": "end-of-call-report", "endedReason": "customer-ended-call", "call": {"id": ")" +
         call_id + R"(", "type": "inboundPhoneCall"}, "artifact": {"transcript": "AI: Hello."}, "analysis": {}}})";
}

std::string ApiTest::status_update(const std::string& status, const std::string& call_id) {
  return R"({"message": {"type": "status-update", "status": ")" + status + R"(", "call": {"id": ")" + call_id +
         R"("}}})";
}

}  // namespace platform::ingress::test
