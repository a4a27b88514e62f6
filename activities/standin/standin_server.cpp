#include <activities/standin/standin_server.hpp>

#include <activities/standin/connection_reset.hpp>

#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace platform::standin {
namespace {

constexpr std::size_t kThreads = 64;  // cpp-httplib keeps one per open connection
constexpr std::size_t kLargestBody = 8 << 20;
constexpr int kBacklog = 1024;

/// cpp-httplib listens with a backlog of 5, and its default socket options let two servers share one port silently.
class Listener final : public httplib::Server {
 public:
  Listener() {
    new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    set_tcp_nodelay(true);
    set_keep_alive_timeout(1);
    set_keep_alive_max_count(1000);
    set_payload_max_length(kLargestBody);
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
  }

  void widen_backlog() { ::listen(svr_sock_, kBacklog); }
};

Request to_request(const httplib::Request& from, std::string body) {
  Request out{.method = from.method, .path = from.path, .query = {}, .headers = {}, .body = std::move(body)};
  const auto question = from.target.find('?');
  if (question != std::string::npos) out.query = parse_form(std::string_view(from.target).substr(question + 1));
  for (const auto& [name, value] : from.headers) {
    // cpp-httplib adds these itself.
    if (name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" || name == "LOCAL_PORT") continue;
    out.headers.add(name, value);
  }
  return out;
}

Reply injected(const Fault& fault) {
  Reply reply{.status = fault.status, .body = fault.body.empty() ? "{\"error\":\"injected\"}" : fault.body};
  if (!fault.retry_after.empty()) reply.headers.add("Retry-After", fault.retry_after);
  return reply;
}

}  // namespace

struct StandinServer::Parts {
  explicit Parts(StandinKeys keys) : state(std::move(keys)) {}

  void serve(const httplib::Request& from, httplib::Response& to, std::string body);
  Reply vendor_reply(const Request& request, const std::optional<Fault>& fault);
  void write(const Reply& reply, httplib::Response& to, const std::optional<Fault>& fault);
  void wait(std::chrono::milliseconds time);

  StandinState state;
  Listener listener;
  std::thread thread;
  int port = 0;
  std::string host;
  std::mutex mutex;
  std::condition_variable stop_changed;
  bool stopping = false;
};

void StandinServer::Parts::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex);
  stop_changed.wait_for(lock, time, [this] { return stopping; });
}

Reply StandinServer::Parts::vendor_reply(const Request& request, const std::optional<Fault>& fault) {
  if (fault && fault->mode == FaultMode::status) return injected(*fault);
  auto reply = answer(state, request);
  if (fault && fault->mode == FaultMode::malformed_body) reply.body = "{\"broken\": [1, ";
  return reply;
}

void StandinServer::Parts::serve(const httplib::Request& from, httplib::Response& to, std::string body) {
  const auto request = to_request(from, std::move(body));
  if (const auto reply = control(state, request)) return write(*reply, to, std::nullopt);
  const auto number = state.journal.add(request);
  const auto fault = state.faults.take(request);
  const std::string fault_name(fault ? name_of(fault->mode) : "");
  if (fault && fault->mode == FaultMode::delay) wait(fault->delay);
  if (fault && fault->mode == FaultMode::reset_before_commit) {
    state.journal.finish(number, 0, fault_name);
    return reset_connection(port, from.remote_port);
  }
  const auto reply = vendor_reply(request, fault);
  if (fault && fault->mode == FaultMode::reset_after_commit) {
    state.journal.finish(number, 0, fault_name);
    return reset_connection(port, from.remote_port);
  }
  if (reply.delay.count() > 0) wait(reply.delay);
  state.journal.finish(number, reply.status, fault_name);
  write(reply, to, fault);
}

void StandinServer::Parts::write(const Reply& reply, httplib::Response& to, const std::optional<Fault>& fault) {
  to.status = reply.status;
  for (const auto& [name, value] : reply.headers.fields()) to.set_header(name, value);
  if (!fault || fault->mode != FaultMode::slow_drip || reply.body.empty()) {
    if (!reply.body.empty()) to.set_content(reply.body, reply.content_type);
    return;
  }
  const auto drip = [this, body = reply.body, pause = fault->delay](std::size_t offset, std::size_t,
                                                                    httplib::DataSink& sink) {
    wait(pause);
    return sink.write(body.data() + offset, 1);
  };
  to.set_content_provider(reply.body.size(), reply.content_type, drip);
}

StandinServer::StandinServer(StandinKeys keys) : parts_(std::make_unique<Parts>(std::move(keys))) {
  auto& parts = *parts_;
  const auto without_body = [&parts](const httplib::Request& from, httplib::Response& to) {
    parts.serve(from, to, {});
  };
  // Only a content reader gives form bodies above 8 KiB, and the raw bytes of all of them.
  const auto with_body = [&parts](const httplib::Request& from, httplib::Response& to,
                                  const httplib::ContentReader& read) {
    std::string body;
    read([&](const char* data, std::size_t size) {
      body.append(data, size);
      return true;
    });
    parts.serve(from, to, std::move(body));
  };
  parts.listener.Get(".*", without_body);
  parts.listener.Post(".*", with_body);
  parts.listener.Put(".*", with_body);
  parts.listener.Patch(".*", with_body);
  parts.listener.Delete(".*", with_body);
}

StandinServer::~StandinServer() { stop(); }

void StandinServer::start(int port, const std::string& host) {
  auto& parts = *parts_;
  parts.host = host;
  parts.port =
      port == 0 ? parts.listener.bind_to_any_port(host) : (parts.listener.bind_to_port(host, port) ? port : -1);
  if (parts.port <= 0) {
    throw std::runtime_error("the stand-in vendors cannot listen on " + host + ":" + std::to_string(port));
  }
  parts.listener.widen_backlog();
  parts.thread = std::thread([&parts] { parts.listener.listen_after_bind(); });
  while (!parts.listener.is_running()) std::this_thread::yield();  // stop() does nothing before that
}

void StandinServer::stop() {
  auto& parts = *parts_;
  if (!parts.thread.joinable()) return;
  {
    const std::lock_guard lock(parts.mutex);
    parts.stopping = true;
  }
  parts.stop_changed.notify_all();
  parts.listener.stop();
  parts.thread.join();
}

int StandinServer::port() const { return parts_->port; }

std::string StandinServer::url() const { return "http://" + parts_->host + ":" + std::to_string(parts_->port); }

StandinState& StandinServer::state() { return parts_->state; }

}  // namespace platform::standin
