#pragma once

#include <activities/standin/exchange.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace platform::standin {

enum class FaultMode {
  delay,                ///< wait `delay`, then answer as usual
  status,               ///< answer `status` (with Retry-After and body, if set); nothing happens
  reset_before_commit,  ///< cut the connection; nothing happens
  reset_after_commit,   ///< the effect happens, then the connection is cut: the answer is lost
  slow_drip,            ///< the effect happens, the body comes one byte per `delay`
  malformed_body,       ///< the effect happens, the body is broken
};

struct Fault {
  std::string method{};  ///< empty: any
  std::string path{};    ///< prefix; empty: any
  int times = 1;         ///< how many requests it hits; -1: all
  int every = 1;         ///< only every n-th of the requests that match: 20 hits one of twenty
  FaultMode mode = FaultMode::status;
  std::chrono::milliseconds delay{100};
  int status = 500;
  std::string retry_after{};
  std::string body{};  ///< for `status`; empty: a plain error object
};

std::string_view name_of(FaultMode mode);

/// Reads {"match": "/path" or {"method","path"}, "times", "every", "mode", "delay_ms", "status", "retry_after",
/// "body"}. Throws std::invalid_argument naming the field, its value and what is allowed.
Fault parse_fault(const boost::json::object& json);

/// Faults waiting for their requests; the oldest that matches is used first. Thread-safe.
class FaultPlan {
 public:
  void add(Fault fault);
  std::optional<Fault> take(const Request& request);
  void clear();

 private:
  struct Waiting {
    Fault fault;
    int passed = 0;  ///< requests since the last one that it hit
  };
  std::mutex mutex_;
  std::vector<Waiting> faults_;
};

}  // namespace platform::standin
