#include "rest_fixture.hpp"

#include <activities/demo_data.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

namespace platform::rest::test {

RestTest::RestTest() {
  for (const auto& [id, slug] : {std::pair(acme_, "acme"), std::pair(globex_, "globex")}) {
    pqxx::work tx(owner_);
    DemoOrganization organization;
    organization.id = id;
    organization.slug = slug;
    create_demo_organization(tx, organization);
    tx.commit();
  }
  key_ = make_key(acme_);
  other_key_ = make_key(globex_);
  store_ = holdfast::store::open_postgres_store({.connection_string = runtime_, .pool_size = 1});
  serve();
}

void RestTest::serve(RestOptions options) {
  options.database.url = runtime_;
  api_ = std::make_unique<RestApi>(std::move(options), holdfast::client::Client(store_));
}

RestTest::Answer RestTest::send(const std::string& method, const std::string& target, const std::string& body,
                                const std::string& key, const std::string& content_type) {
  const auto question = target.find('?');
  holdfast::http::HttpRequest request{.method = method,
                                      .path = target.substr(0, question),
                                      .query = question == std::string::npos ? "" : target.substr(question + 1),
                                      .headers = {},
                                      .body = body};
  request.headers.add("Authorization", "Bearer " + (key.empty() ? key_ : key));
  if (!body.empty()) request.headers.add("Content-Type", content_type);
  const auto response = api_->answer(request);
  return {response.status, response.body, response.headers};
}

std::string RestTest::Answer::text(const std::string& name) const {
  const auto value = json().at(name);
  return value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
}

pqxx::result RestTest::owner(const std::string& sql) {
  pqxx::nontransaction tx(owner_);
  return tx.exec(sql);
}

std::string RestTest::make_key(const holdfast::Uuid& organization, const std::string& arguments) {
  return value("SELECT platform.create_api_key('" + organization.to_string() + "', 'test'" + arguments + ")");
}

std::string RestTest::integration(const std::string& more) {
  const auto made = post("/v1/integrations", R"({"name": "hook", "url": "https://hooks.example.com/a")" + more + "}");
  EXPECT_EQ(made.status, 201) << made.body;
  return made.text("id");
}

void RestTest::delivery(const std::string& integration, const std::string& message, const std::string& status,
                        const std::string& age) {
  owner(
      "INSERT INTO platform.webhook_deliveries (organization_id, created_at, integration_id, message_id, type, body, "
      "status, attempts) VALUES ('" +
      acme_.to_string() + "', now() - interval '" + age + "', '" + integration + "', '" + message +
      "', 'call.completed', '{\"type\":\"call.completed\"}', '" + status + "', 2)");
}

}  // namespace platform::rest::test
