#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "figures.hpp"

namespace bench {

struct HttpLoad {
  std::string url, authorization;
  std::function<std::string(std::int64_t n)> body;
  std::function<std::string(std::int64_t n)> url_of = {};  ///< set: of each request, instead of `url`
  std::int64_t first = 0, requests = 0;
  int connections = 32;
  double per_second = 0;  ///< 0: each connection sends its next request as soon as it has its answer
};

struct HttpOutcome {
  Durations milliseconds;  ///< with a rate: counted from the moment at which the request was due
  double seconds = 0;
};

/// Posts JSON over kept connections from one thread. Throws std::runtime_error for the first answer that is not 2xx.
HttpOutcome post_all(const HttpLoad& load);

}  // namespace bench
