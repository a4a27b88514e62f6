#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::devpg {

enum class StopMode {
  fast,      ///< SIGINT: sessions are ended, a checkpoint is written
  immediate  ///< SIGQUIT: as after a power cut; the next start recovers from the WAL
};

struct PrivatePostgresOptions {
  /// Where the cluster lives (data, socket, postgres.log). Empty: a new folder under $TMPDIR or /tmp.
  std::filesystem::path folder;
  /// Keep the cluster when the object goes away or the process dies; needs `folder`.
  bool persistent = false;
  /// Off makes tests faster and forgets the last seconds when the machine (not the process) crashes.
  bool fsync = true;
  /// Also listen on 127.0.0.1, without a password: for a developer's own machine only. Unset: Unix socket only.
  std::optional<std::uint16_t> tcp_port;
  /// postgresql.conf settings on top of the defaults; later ones win.
  std::vector<std::pair<std::string, std::string>> settings;
  /// Limit for one start, crash recovery included.
  double start_timeout_seconds = 120;
};

/// A PostgreSQL server of our own, from the distribution's binaries: for tests, benchmarks and `wfctl dev`.
///
/// The constructor creates (or opens) the cluster and starts it; the destructor stops it and, unless persistent,
/// removes it. When this process is killed, a watcher process stops the server and does the same. Run as root, the
/// server runs as the user `postgres` (or `nobody`), because PostgreSQL refuses root.
///
/// Errors are std::runtime_error in words, with the end of the server's log. start, stop and restart must not be
/// called from two threads at once; the other members may be called at any time.
class PrivatePostgres {
 public:
  explicit PrivatePostgres(PrivatePostgresOptions options = {});
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  /// Does nothing when the server runs; starts it again when it has died. Returns when it accepts connections.
  void start();
  /// Does nothing when the server is down. Returns when the process has ended.
  void stop(StopMode mode = StopMode::fast);
  /// A crash and recovery: every session is cut at whatever it does.
  void restart_immediate();

  /// A libpq connection string (superuser `postgres`, Unix socket).
  std::string connection_string(std::string_view database = "postgres") const;
  /// CREATE DATABASE, from `template_name` when given.
  void create_database(std::string_view name, std::string_view template_name = "");
  /// DROP DATABASE ... WITH (FORCE); no error when it does not exist.
  void drop_database(std::string_view name);

  /// The postmaster's process id; 0 while the server is down.
  pid_t pid() const { return postmaster_; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path log_file() const { return folder_ / "postgres.log"; }
  /// `host` and `port` for programs that do not take a connection string.
  const std::filesystem::path& socket_folder() const { return socket_folder_; }
  std::uint16_t port() const { return options_.tcp_port.value_or(5432); }

 private:
  void choose_server_user();
  void prepare_folder();
  void lock_folder();
  void prepare_socket_folder();
  void give_to_server_user(const std::filesystem::path& path) const;
  void check_reachable() const;
  void initialize_data();
  void clear_leftovers();
  bool try_start(double seconds);
  bool ready() const;
  std::vector<std::string> server_command() const;
  std::vector<std::string> as_server_user(std::vector<std::string> argv) const;
  void start_watcher();
  void release_watcher();
  void run_sql(const std::string& sql, const std::string& what) const;
  void remove_folders();
  std::string log_tail() const;
  std::filesystem::path data_folder() const { return folder_ / "data"; }

  PrivatePostgresOptions options_;
  std::filesystem::path folder_;
  std::filesystem::path socket_folder_;
  std::filesystem::path binaries_;
  uid_t server_uid_ = 0;  ///< the user that the server runs as
  gid_t server_gid_ = 0;
  bool switch_user_ = false;
  std::atomic<pid_t> postmaster_ = 0;
  pid_t watcher_ = -1;
  int watcher_pipe_ = -1;
  int lock_ = -1;
};

}  // namespace holdfast::devpg
