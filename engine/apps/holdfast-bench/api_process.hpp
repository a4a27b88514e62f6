#pragma once

#include <string>

#include "child_process.hpp"
#include "http_load.hpp"

namespace bench {

/// platform-api as a process of its own on 127.0.0.1. Ends with this object.
class ApiProcess {
 public:
  explicit ApiProcess(const std::string& database_url);

  /// Where VAPI sends the events of an organization.
  std::string vapi_url(const std::string& organization) const;
  /// Posts `probe` until it is taken. Throws std::runtime_error after 20 s.
  void wait_until_it_answers(const HttpLoad& probe) const;

 private:
  int port_;
  ChildProcess process_;
};

}  // namespace bench
