// holdfast-standin: the stand-in vendors as a program, for the demo and for trying things by hand.
#include <activities/standin/standin_server.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <exception>

namespace {

/// Blocks the signals for all threads, so that the main thread can wait for one of them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void serve(int port, const std::string& host) {
  const auto signals = block_stop_signals();
  platform::standin::StandinServer server;
  server.start(port, host);
  fmt::print("stand-in vendors on {}\n", server.url());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server.stop();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Stand-in for VAPI, Twilio, Resend, OpenAI, Gemini, Supabase, Stripe and customers' webhook endpoints"};
  int port = 8090;
  std::string host = "127.0.0.1";
  app.add_option("--port", port, "Port to listen on; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--host", host, "Address to listen on")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    serve(port, host);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "holdfast-standin: {}\n", error.what());
    return 1;
  }
}
