#include <holdfast/http/http_server.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include <httplib.h>
#include <spdlog/spdlog.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <holdfast/http/bounded_thread_pool.hpp>

namespace holdfast::http {
namespace {

void check(bool ok, std::string_view field, const std::string& value, std::string_view allowed) {
  if (!ok) throw std::invalid_argument(std::string(field) + " is " + value + "; allowed: " + std::string(allowed));
}

/// The library's own limits are compile-time constants of the distribution's build; what can be set, is set here.
class Listener final : public httplib::Server {
 public:
  explicit Listener(const HttpServerOptions& options) {
    new_task_queue = [threads = static_cast<std::size_t>(options.threads), queued = options.max_queued_connections] {
      return new BoundedThreadPool(threads, queued);
    };
    set_tcp_nodelay(true);  // otherwise each keep-alive answer waits 40 ms for the client's delayed ACK
    set_keep_alive_timeout(options.keep_alive_timeout.count());
    set_keep_alive_max_count(static_cast<std::size_t>(options.keep_alive_max_requests));
    set_read_timeout(options.read_timeout);
    set_write_timeout(options.write_timeout);
    set_payload_max_length(options.max_body_bytes);
    // The default also sets SO_REUSEPORT, with which two servers share a port silently.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
  }

  /// The library listens with a backlog of 5; listening again widens it.
  void widen_backlog(int backlog) { ::listen(svr_sock_, backlog); }
};

HttpRequest to_request(const httplib::Request& from, std::string body) {
  HttpRequest out{.method = from.method, .path = from.path, .query = {}, .headers = {}, .body = std::move(body)};
  if (const auto question = from.target.find('?'); question != std::string::npos)
    out.query = from.target.substr(question + 1);
  for (const auto& [name, value] : from.headers) {
    // Made up by the library, and a client may have sent the same names.
    if (name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" || name == "LOCAL_PORT") continue;
    out.headers.add(name, value);
  }
  return out;
}

void write(const HttpResponse& from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers.fields()) to.set_header(name, value);
  if (!from.body.empty()) to.set_content(from.body, from.content_type);
}

std::string_view reason_of(int status) {
  switch (status) {
    case 400: return "the request is not well-formed HTTP";
    case 404: return "there is nothing at this path";
    case 413: return "the body is too large";
    case 414: return "the URI is too long";
    case 415: return "this content encoding is not supported";
    default: return "the request could not be answered";
  }
}

/// Bodies are read by hand: only so do form bodies above 8 KiB arrive, and every body byte for byte.
/// Returns false after an answer has been written.
bool read_body(const httplib::Request& from, const httplib::ContentReader& read, std::size_t max_bytes,
               std::string& body, httplib::Response& to) {
  // Without either the body is empty (RFC 9112, 6.3); the library would wait for the end of the connection.
  if (!from.has_header("Content-Length") && !from.has_header("Transfer-Encoding")) return true;
  bool too_large = false;
  const bool whole = read([&](const char* data, std::size_t size) {
    // A chunked body announces no length. The rest is read and dropped, so that the connection stays usable.
    too_large = too_large || body.size() + size > max_bytes;
    if (!too_large) body.append(data, size);
    return true;
  });
  if (whole && !too_large) return true;
  const int status = too_large ? 413 : std::max(to.status, 400);  // -1: the client went away
  write(json_error(status, reason_of(status)), to);
  return false;
}

}  // namespace

HttpResponse json_error(int status, std::string_view message) {
  return {.status = status, .body = boost::json::serialize(boost::json::object{{"error", message}})};
}

void HttpServerOptions::validate() const {
  check(port >= 0 && port <= 65535, "port", std::to_string(port), "0 (any) to 65535");
  check(!host.empty(), "host", "empty", "a name or an address");
  check(threads >= 1 && threads <= 4096, "threads", std::to_string(threads), "1 to 4096");
  check(max_queued_connections >= 1, "max_queued_connections", std::to_string(max_queued_connections), "1 or more");
  check(max_body_bytes >= 1024, "max_body_bytes", std::to_string(max_body_bytes), "1024 or more");
  check(backlog >= 1, "backlog", std::to_string(backlog), "1 or more");
  check(keep_alive_timeout.count() >= 1, "keep_alive_timeout", std::to_string(keep_alive_timeout.count()),
        "1 s or more");
  check(keep_alive_max_requests >= 1, "keep_alive_max_requests", std::to_string(keep_alive_max_requests), "1 or more");
}

struct HttpServer::Parts {
  Parts(HttpServerOptions o, HttpHandler h) : options(std::move(o)), handler(std::move(h)), listener(options) {
    install_handlers();
  }

  void install_handlers() {
    const auto without_body = [this](const httplib::Request& from, httplib::Response& to) { answer(from, {}, to); };
    const auto with_body = [this](const httplib::Request& from, httplib::Response& to,
                                  const httplib::ContentReader& read) {
      std::string body;
      if (read_body(from, read, options.max_body_bytes, body, to)) answer(from, std::move(body), to);
    };
    listener.Get(".*", without_body);
    listener.Options(".*", without_body);
    listener.Post(".*", with_body);
    listener.Put(".*", with_body);
    listener.Patch(".*", with_body);
    listener.Delete(".*", with_body);
    listener.set_error_handler([](const httplib::Request&, httplib::Response& to) {
      if (to.body.empty()) write(json_error(to.status, reason_of(to.status)), to);
    });
  }

  void answer(const httplib::Request& from, std::string body, httplib::Response& to) {
    try {
      write(handler(to_request(from, std::move(body))), to);
    } catch (const std::exception& error) {
      spdlog::error("{} {} failed: {}", from.method, from.path, error.what());
      write(json_error(500, "internal error"), to);
    }
  }

  const HttpServerOptions options;
  const HttpHandler handler;
  Listener listener;
  std::thread thread;
  int port = 0;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler) {
  options.validate();
  parts_ = std::make_unique<Parts>(std::move(options), std::move(handler));
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::start() {
  auto& parts = *parts_;
  const auto& options = parts.options;
  parts.port = options.port == 0 ? parts.listener.bind_to_any_port(options.host)
                                 : (parts.listener.bind_to_port(options.host, options.port) ? options.port : -1);
  if (parts.port <= 0)
    throw std::runtime_error("cannot listen on " + options.host + ":" + std::to_string(options.port) +
                             ": the port is in use, or the address is not this machine's");
  parts.listener.widen_backlog(options.backlog);
  parts.thread = std::thread([&parts] { parts.listener.listen_after_bind(); });
  while (!parts.listener.is_running()) std::this_thread::yield();  // stop() would do nothing before that
}

void HttpServer::stop() {
  if (!parts_->thread.joinable()) return;
  parts_->listener.stop();
  parts_->thread.join();
}

int HttpServer::port() const { return parts_->port; }

std::string HttpServer::url() const { return "http://" + parts_->options.host + ":" + std::to_string(parts_->port); }

}  // namespace holdfast::http
