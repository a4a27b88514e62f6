#pragma once

#include <holdfast/http/signature/header_list.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::http {

struct HttpRequest {
  std::string method;
  std::string path;   ///< decoded, without the query
  std::string query;  ///< as it was sent, without the '?'
  HeaderList headers;
  std::string body;  ///< the bytes as they came: what a signature covers
};

struct HttpResponse {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  HeaderList headers{};
};

/// {"error": "<message>"}
HttpResponse json_error(int status, std::string_view message);

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                               ///< 0: any free one
  int threads = 64;                           ///< an open connection keeps one, so not below the number of clients
  std::size_t max_queued_connections = 1024;  ///< accepted and waiting for a thread; more wait in the kernel
  std::size_t max_body_bytes = 8u << 20;
  int backlog = 1024;
  std::chrono::seconds keep_alive_timeout{1};  ///< how long an idle connection may keep its thread
  int keep_alive_max_requests = 1000;          ///< per connection
  std::chrono::seconds read_timeout{5};        ///< between two pieces of a request
  std::chrono::seconds write_timeout{5};

  /// Throws std::invalid_argument that names the field, its value and what is allowed.
  void validate() const;
};

/// Called from many threads at once. What it throws is logged and becomes a 500 without details.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// HTTP/1.1 without TLS, for use behind a reverse proxy. Every request that can be parsed goes to the one handler,
/// whatever its method and path; everything else (malformed, too large) is answered in JSON too.
/// start() and stop() are for one thread.
class HttpServer {
 public:
  /// Throws std::invalid_argument for options that cannot work.
  HttpServer(HttpServerOptions options, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens; returns when connections are accepted. Throws std::runtime_error if the address cannot be used.
  void start();
  /// Accepts no more, finishes the requests that are running, closes the connections. Idle ones hold it up for the
  /// keep-alive timeout at most.
  void stop();

  int port() const;
  std::string url() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::http
