#include <holdfast/store/postgres/listener.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <system_error>

#include <holdfast/store/postgres/store_impl.hpp>

namespace holdfast::store::postgres {

// A hint may be lost, so its commit does not wait for the disk.
const Statement kNotify{"notify",
                        "SELECT pg_notify('holdfast', hint), set_config('synchronous_commit', 'off', true) "
                        "FROM unnest($1::text[]) hint"};

namespace {

using std::chrono::steady_clock;

/// Collects what the server sends on our channel.
class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, std::vector<std::string>& hints)
      : notification_receiver(connection, "holdfast"), hints_(hints) {}
  void operator()(const std::string& payload, int) override { hints_.push_back(payload); }

 private:
  std::vector<std::string>& hints_;
};

class PostgresListener final : public Listener {
 public:
  explicit PostgresListener(const PostgresOptions& options) : options_(options) {
    if (!options_.listen_connection_string.empty()) options_.connection_string = options_.listen_connection_string;
    // A session of its own: our settings do no harm, but a PgBouncer in between may refuse them.
    interrupt_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (interrupt_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~PostgresListener() override {
    disconnect();
    close(interrupt_);
  }
  PostgresListener(const PostgresListener&) = delete;
  PostgresListener& operator=(const PostgresListener&) = delete;

  std::vector<std::string> wait(Duration timeout) override {
    const auto deadline = steady_clock::now() + timeout;
    while (hints_.empty()) {
      if (options_.notifications && !receiver_) connect();
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      if (left.count() <= 0) break;
      if (!poll_once(left)) break;
    }
    return std::exchange(hints_, {});
  }

  void interrupt() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(interrupt_, &one, sizeof one);
  }

 private:
  /// Reads what arrived within `left`. False: interrupted, or nothing came.
  bool poll_once(std::chrono::milliseconds left) {
    // Without a connection: look again soon.
    if (options_.notifications && !receiver_) left = std::min(left, std::chrono::milliseconds(500));
    pollfd fds[2] = {{interrupt_, POLLIN, 0}, {receiver_ ? connection_->pqxx().sock() : -1, POLLIN, 0}};
    const int ready = poll(fds, 2, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    if (fds[0].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = read(interrupt_, &count, sizeof count);
      return false;
    }
    if (fds[1].revents == 0) return true;
    try {
      connection_->pqxx().get_notifs();
      if (!connection_->pqxx().is_open()) disconnect();
    } catch (const pqxx::pqxx_exception&) {
      disconnect();
    }
    return true;
  }

  void connect() {
    if (steady_clock::now() < next_attempt_) return;
    try {
      connection_ = std::make_unique<Connection>(options_);
      receiver_ = std::make_unique<Receiver>(connection_->pqxx(), hints_);
      delay_ = std::chrono::milliseconds(50);
    } catch (const Unavailable&) {
      disconnect();
    } catch (const pqxx::pqxx_exception&) {
      disconnect();
    }
  }

  void disconnect() {
    try {
      receiver_.reset();
    } catch (const std::exception&) {  // it wants to UNLISTEN on a session that is gone
    }
    connection_.reset();
    next_attempt_ = steady_clock::now() + delay_;
    delay_ = std::min(delay_ * 2, std::chrono::milliseconds(2000));
  }

  PostgresOptions options_;
  int interrupt_ = -1;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Receiver> receiver_;
  std::vector<std::string> hints_;
  steady_clock::time_point next_attempt_;
  std::chrono::milliseconds delay_{50};
};

}  // namespace

std::unique_ptr<Listener> make_listener(const PostgresOptions& options) {
  return std::make_unique<PostgresListener>(options);
}

std::unique_ptr<Listener> PostgresStore::listen() { return make_listener(options_); }

void PostgresStore::notify(std::span<const std::string> hints) {
  if (hints.empty() || !options_.notifications) return;
  with_session(Access::read, [&](Connection& session) { session.run(kNotify, {text_array(hints)}); });
}

}  // namespace holdfast::store::postgres
