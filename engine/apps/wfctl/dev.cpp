#include <csignal>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "commands.hpp"
#include "dev_stack.hpp"
#include "exit_code.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

/// Runs until somebody wants it to end, or a program that it started ends. Returns the exit code.
int watch(DevStack& stack, boost::asio::io_context& context, boost::asio::signal_set& signals) {
  int code = kOk;
  std::function<void()> wait = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number != SIGCHLD) return context.stop();
      if (const auto ended = stack.ended_program()) {
        std::fprintf(stderr, "wfctl: %s\n", ended->c_str());
        code = kError;
        return context.stop();
      }
      wait();
    });
  };
  wait();
  context.run();
  return code;
}

}  // namespace

void add_dev(CLI::App& parent, Chosen& chosen) {
  auto options = std::make_shared<DevOptions>();
  auto* command = parent.add_subcommand("dev", "Run everything on this machine: PostgreSQL, migrations, worker, API");
  auto* directory =
      command->add_option("--dir", options->folder, "Where the database and the logs live")->capture_default_str();
  command->add_flag("--ephemeral", options->ephemeral, "Use a new database and remove it at the end")
      ->excludes(directory);
  command->add_option("--port", options->api_port, "Port of the API")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  command->add_option("--postgres-port", options->postgres_port, "Let PostgreSQL listen on 127.0.0.1 too")
      ->check(CLI::Range(1, 65535));
  command->add_option("--postgres", options->database_url,
                      "Use this server (a connection string) instead of a private one");
  command->add_option("--bin-dir", options->programs, "Where platform-worker and platform-api are")
      ->capture_default_str();
  command->footer(
      "Ctrl-C ends everything; so does the end of one of the programs.\n"
      "Example:\n  wfctl dev --ephemeral");
  chosen.on(*command, [options](Session& session) {
    // Before anything is started: whatever ends us from here on ends the stack in good order.
    boost::asio::io_context context;
    boost::asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
    signals.add(SIGCHLD);
    DevStack stack(*options);
    session.out().write(stack.description());
    session.out().flush();
    const int code = watch(stack, context, signals);
    std::fprintf(stderr, "wfctl: stopping\n");
    stack.stop();
    return code;
  });
}

}  // namespace wfctl
