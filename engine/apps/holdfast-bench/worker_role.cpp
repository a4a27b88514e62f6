#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <thread>

#include "engine_under_test.hpp"
#include "roles.hpp"

namespace bench {

int worker_role(const Settings& settings, const std::string& url) {
  EngineUnderTest engine(url, settings, [](holdfast::worker::WorkerOptions& options) {
    options.identity = "bench:" + std::to_string(getpid());
    options.cache_bytes = std::size_t{4} << 30;
  });
  engine.start();
  std::cout << "ready" << std::endl;
  // Ends when its input does, or with its parent.
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "cached") std::cout << engine.worker().cached_runs() << std::endl;
    if (line == "trim") {
      malloc_trim(0);
      std::cout << "trimmed" << std::endl;
    }
  }
  return 0;
}

}  // namespace bench
