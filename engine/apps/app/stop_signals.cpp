#include <app/stop_signals.hpp>

#include <cerrno>

namespace app {

StopSignals::StopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void StopSignals::wait() {
  int received = 0;
  sigwait(&signals_, &received);
  restore();
}

bool StopSignals::wait_for(std::chrono::milliseconds time) {
  const timespec timeout{.tv_sec = time.count() / 1000, .tv_nsec = time.count() % 1000 * 1'000'000};
  int signal = 0;
  do signal = sigtimedwait(&signals_, nullptr, &timeout);
  while (signal < 0 && errno == EINTR);
  if (signal < 0) return false;
  restore();
  return true;
}

void StopSignals::restore() { pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }

}  // namespace app
