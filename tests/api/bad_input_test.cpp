#include "api_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

namespace platform::ingress::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class BadInput : public ApiTest {
 protected:
  void expect_refused(const std::string& body, int status, const std::string& words) {
    const auto answer = post(body);
    EXPECT_EQ(answer.status, status) << body.substr(0, 200);
    EXPECT_THAT(answer.body, HasSubstr(words)) << body.substr(0, 200);
    EXPECT_THAT(answer.body, StartsWith("{\"error\":"));
    EXPECT_EQ(count_of_events(), "0");
    EXPECT_EQ(count_of_runs(), "0");
  }
};

TEST_F(BadInput, what_is_not_json_is_refused) {
  expect_refused("", 400, "empty");
  expect_refused(" ", 400, "not JSON");
  expect_refused("{", 400, "not JSON");
  expect_refused(report() + "x", 400, "not JSON");
  expect_refused(report() + std::string(1, '\0'), 400, "not JSON");
  expect_refused("{\"message\": \"" + std::string(1, '\0') + "\"}", 400, "not JSON");
  expect_refused("{\"message\": {\"type\": \"\xff\xfe\"}}", 400, "not JSON");
  expect_refused("{\"message\": {\"type\": \"\xed\xa0\x80\"}}", 400, "not JSON");  // a surrogate
  expect_refused(std::string(100'000, '['), 400, "not JSON");
  expect_refused(std::string(100'000, '{'), 400, "not JSON");
}

TEST_F(BadInput, json_that_is_no_server_message_is_refused) {
  expect_refused("null", 400, "message");
  expect_refused("[]", 400, "message");
  expect_refused("{}", 400, "message is missing");
  expect_refused(R"({"message": []})", 400, "message is missing or not an object");
  expect_refused(R"({"message": {}})", 400, "message.type");
  expect_refused(R"({"message": {"type": 7}})", 400, "message.type");
  expect_refused(R"({"message": {"type": ""}})", 400, "message.type");
  expect_refused(R"({"message": {"type": "end-of-call-report"}})", 400, "message.call.id is missing");
  expect_refused(R"({"message": {"type": "end-of-call-report", "call": {"id": null}}})", 400, "message.call.id");
  expect_refused(R"({"message": {"type": "status-update", "status": "in-progress", "call": {}}})", 400,
                 "message.call.id");
}

TEST_F(BadInput, values_that_cannot_be_kept_are_refused_by_name) {
  expect_refused(report(std::string(201, 'x')), 400, "message.call.id has 201 characters; allowed: 200");
  expect_refused(R"({"message": {"type": "a\u0000b"}})", 400, "message.type contains a NUL");
  expect_refused(report("a\\u0000b"), 400, "message.call.id contains a NUL");
  expect_refused(R"({"message": {"type": ")" + std::string(101, 'x') + R"("}})", 400, "message.type has 101");
  expect_refused(status_update(std::string(201, 's')), 400, "message.status");
}

TEST_F(BadInput, odd_but_harmless_values_are_stored) {
  EXPECT_EQ(post(report(std::string(200, 'x'))).status, 200);
  EXPECT_EQ(post(report("\xf0\x9f\x93\x9e'; DROP TABLE x; --")).status, 200);
  EXPECT_EQ(
      post(R"({"message": {"type": "end-of-call-report", "call": {"id": "c2", "createdAt": "never"}, "x": "\u0000"}})")
          .status,
      200);
  EXPECT_EQ(post(R"({"message": {"type": "hang", "call": {"id": "c3", "createdAt": "9999-12-31T23:59:59Z"}}})").status,
            200);
  EXPECT_EQ(post(R"({"message": {"type": "hang", "call": "not an object"}})").status, 200);
  EXPECT_EQ(count_of_events(), "5");
}

TEST_F(BadInput, a_body_above_the_limit_is_413_whether_its_length_is_announced_or_not) {
  holdfast::http::HttpServerOptions server;
  server.max_body_bytes = 64 << 10;
  serve({}, server);
  const std::string large = R"({"message": {"type": "hang", "pad": ")" + std::string(80 << 10, 'x') + R"("}})";
  EXPECT_EQ(post(large).status, 413);
  auto connection = client();
  const auto chunked = connection.Post(
      path(), {{"Authorization", "Bearer " + kSecret}},
      [&](std::size_t, httplib::DataSink& sink) {
        sink.write(large.data(), large.size());
        sink.done();
        return true;
      },
      "application/json");
  ASSERT_TRUE(chunked);
  EXPECT_EQ(chunked->status, 413);
  EXPECT_THAT(chunked->body, StartsWith("{\"error\":"));
  EXPECT_EQ(count_of_events(), "0");
}

TEST_F(BadInput, a_report_of_several_megabytes_is_taken) {
  auto body = report();
  body.replace(body.find("AI: Hello."), 10, std::string(6 << 20, 'x'));
  EXPECT_EQ(post(body).status, 200);
  EXPECT_EQ(value("SELECT length(body) FROM platform.vapi_events"), std::to_string(body.size()));
}

TEST_F(BadInput, a_form_post_of_more_than_8_kib_arrives_whole) {
  auto connection = client();
  const auto result = connection.Post(path(), {{"Authorization", "Bearer " + kSecret}}, std::string(20'000, 'x'),
                                      "application/x-www-form-urlencoded");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 400);
  EXPECT_THAT(result->body, HasSubstr("not JSON"));
}

/// Sends bytes as they are and reads until the server closes.
std::string raw_exchange(int port, const std::string& request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(socket, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(socket);
  return answer;
}

TEST_F(BadInput, a_post_without_a_length_has_an_empty_body) {
  const auto answer = raw_exchange(server_->port(), "POST " + path() +
                                                        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                                        "Authorization: Bearer " +
                                                        kSecret + "\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("the body is empty"));
}

TEST_F(BadInput, what_is_not_http_gets_a_json_answer_and_harms_nobody) {
  for (const auto* text : {"hello\r\n\r\n", "GET\r\n\r\n", "BREW /pot HTTP/1.1\r\nConnection: close\r\n\r\n",
                           "GET / HTTP/9.9\r\nConnection: close\r\n\r\n", "\r\n\r\n"})
    raw_exchange(server_->port(), text);
  const auto answer = raw_exchange(server_->port(), "BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("{\"error\":"));
  EXPECT_EQ(post(report()).status, 200);
}

TEST_F(BadInput, wrong_methods_and_paths_have_their_own_answers) {
  auto connection = client();
  for (const auto& result : {connection.Get(path()), connection.Put(path(), "{}", "application/json"),
                             connection.Delete(path()), connection.Patch(path(), "{}", "application/json")}) {
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 405);
    EXPECT_EQ(result->get_header_value("Allow"), "POST");
  }
  EXPECT_EQ(connection.Get("/")->status, 404);
  EXPECT_EQ(connection.Get("/nothing/here")->status, 404);
  EXPECT_EQ(connection.Post("/healthz", "", "text/plain")->status, 405);
}

TEST_F(BadInput, organizations_that_are_unknown_malformed_or_suspended_are_404) {
  auto connection = client();
  const httplib::Headers headers{{"Authorization", "Bearer " + kSecret}};
  for (const auto* id : {"00000000-0000-7000-8000-0000000000ff", "acme", "", "00000000-0000-0000-0000-000000000000",
                         "%00", "..%2f..", "00000000-0000-7000-8000-00000000000a/x"}) {
    const auto result = connection.Post("/webhooks/vapi/" + std::string(id), headers, report(), "application/json");
    ASSERT_TRUE(result) << id;
    EXPECT_EQ(result->status, 404) << id;
    EXPECT_THAT(result->body, StartsWith("{\"error\":")) << id;
  }
  owner("UPDATE platform.organizations SET status = 'suspended'");
  EXPECT_EQ(post(report()).status, 404);
  EXPECT_EQ(count_of_events(), "0");
}

TEST_F(BadInput, an_organization_without_a_usable_credential_lets_nobody_in) {
  set_settings("{}");
  EXPECT_EQ(post(report()).status, 401);
  set_authentication(R"({"type": "hmac", "secret": "s", "algorithm": "md5"})");
  EXPECT_EQ(post(report()).status, 401);
  set_authentication(R"({"type": "bearer", "secret": ""})");
  EXPECT_EQ(post(report(), {{"Authorization", "Bearer "}}).status, 401);
  EXPECT_EQ(count_of_events(), "0");
}

}  // namespace
}  // namespace platform::ingress::test
