#include "rest_fixture.hpp"

#include <gmock/gmock.h>

namespace platform::rest::test {
namespace {

using testing::HasSubstr;

class Access : public RestTest {};

TEST_F(Access, a_request_needs_a_key_that_is_known_not_revoked_and_not_expired) {
  EXPECT_EQ(get("/v1/usage").status, 200);
  const auto unknown = send("GET", "/v1/usage", "", "hf_00000000_nothing");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.headers.find("WWW-Authenticate"), "Bearer");
  holdfast::http::HttpRequest bare{.method = "GET", .path = "/v1/usage", .query = {}, .headers = {}, .body = {}};
  EXPECT_EQ(api_->answer(bare).status, 401);
  bare.headers.add("Authorization", "Basic " + key_);
  EXPECT_EQ(api_->answer(bare).status, 401);
  EXPECT_EQ(send("GET", "/v1/usage", "", make_key(acme_, ", expires_at => now() - interval '1 s'")).status, 401);
  EXPECT_EQ(value("SELECT platform.revoke_api_key('" + key_.substr(0, 11) + "')"), "1");
  EXPECT_EQ(get("/v1/usage").status, 401);
  EXPECT_EQ(send("GET", "/v1/usage", "", other_key_).status, 200);
}

TEST_F(Access, keys_are_kept_as_hashes_with_a_prefix_to_tell_them_apart) {
  EXPECT_EQ(
      value("SELECT count(*) FROM platform.api_keys k WHERE row_to_json(k)::text LIKE '%" + key_.substr(12) + "%'"),
      "0");
  EXPECT_EQ(value("SELECT prefix FROM platform.api_keys WHERE organization_id = '" + acme_.to_string() + "'"),
            key_.substr(0, 11));
  get("/v1/usage");
  EXPECT_EQ(value("SELECT last_used_at IS NOT NULL FROM platform.api_keys WHERE organization_id = '" +
                  acme_.to_string() + "'"),
            "t");
}

TEST_F(Access, a_scope_allows_what_it_says) {
  const auto reader = make_key(acme_, ", '{read}'"), writer = make_key(acme_, ", '{write}'");
  EXPECT_EQ(send("GET", "/v1/integrations", "", reader).status, 200);
  const auto refused = send("POST", "/v1/integrations", "{}", reader);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("no scope 'write'"));
  EXPECT_EQ(send("GET", "/v1/integrations", "", writer).status, 403);
  EXPECT_THROW(make_key(acme_, ", '{admin}'"), pqxx::sql_error);
  EXPECT_THROW(make_key(acme_, ", '{}'"), pqxx::sql_error);
}

TEST_F(Access, only_active_organizations_are_served) {
  owner("UPDATE platform.organizations SET status = 'suspended' WHERE slug = 'acme'");
  EXPECT_EQ(get("/v1/usage").status, 403);
  owner("UPDATE platform.organizations SET status = 'deleted' WHERE slug = 'acme'");
  EXPECT_EQ(get("/v1/usage").status, 401);
}

TEST_F(Access, another_tenants_things_do_not_exist) {
  const auto id = integration();
  delivery(id, "m", "failed");
  const auto delivery_id =
      std::string(get("/v1/integrations/" + id + "/deliveries").json().at("data").at(0).at("id").as_string());
  for (const auto& [method, path] : std::initializer_list<std::pair<std::string, std::string>>{
           {"GET", ""},
           {"PATCH", ""},
           {"DELETE", ""},
           {"POST", "/secret-rotations"},
           {"GET", "/deliveries"},
           {"GET", "/attempts"},
           {"GET", "/deliveries/" + delivery_id},
           {"POST", "/deliveries/" + delivery_id + "/redeliveries"},
           {"GET", "/redeliveries/00000000-0000-7000-8000-00000000000a"}})
    EXPECT_EQ(send(method, "/v1/integrations/" + id + path, "", other_key_).status, 404) << method << path;
  EXPECT_EQ(send("GET", "/v1/organizations/" + acme_.to_string(), "", other_key_).status, 404);
  EXPECT_EQ(send("GET", "/v1/integrations", "", other_key_).json().at("data").as_array().size(), 0u);
  EXPECT_EQ(get("/v1/integrations/" + id).status, 200);
}

TEST_F(Access, unknown_paths_and_methods_are_told_apart) {
  EXPECT_EQ(get("/v1/nothing").status, 404);
  EXPECT_EQ(get("/v1/integrations/x/y/z").status, 404);
  EXPECT_EQ(get("/v1/integrations/not-a-uuid").status, 404);
  const auto refused = send("DELETE", "/v1/integrations");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.find("Allow"), "GET, POST");
}

TEST_F(Access, a_key_that_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up) {
  RestOptions options;
  options.requests_per_second = 1;
  serve(options);
  EXPECT_EQ(get("/v1/usage").status, 200);
  EXPECT_EQ(get("/v1/usage").status, 200);
  auto last = get("/v1/usage");
  for (int i = 0; i < 10 && last.status != 429; ++i) last = get("/v1/usage");
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.headers.find("Retry-After"), "1");
  EXPECT_EQ(send("GET", "/v1/usage", "", other_key_).status, 200);
}

TEST_F(Access, without_a_database_it_is_503_with_a_time_to_come_back) {
  RestOptions options;
  options.database.statement_timeout = std::chrono::milliseconds(300);
  serve(options);
  pqxx::connection blocker(database_.connection_string());
  pqxx::work lock(blocker);
  lock.exec("LOCK TABLE platform.organizations IN ACCESS EXCLUSIVE MODE");
  const auto answer = get("/v1/usage");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.find("Retry-After"), "1");
  lock.abort();
  EXPECT_EQ(get("/v1/usage").status, 200);
}

}  // namespace
}  // namespace platform::rest::test
