#pragma once

#include <string>

#include "child_process.hpp"
#include "scenario.hpp"

namespace bench {

// What this program is when a scenario starts it again as a process of its own.

/// `__worker`: runs the benchmarks' workflows until SIGTERM. Prints "ready". Answers the line "cached" with the number
/// of cached runs, and "trim" by giving unused memory back.
int worker_role(const Settings& settings, const std::string& url);
/// `__latency`: starts one-step runs one after the other; prints "<acknowledged ms> <ended ms>" for each.
int latency_role(const Settings& settings, const std::string& url);

/// The command line of a role: carries the settings over.
std::vector<std::string> role_arguments(const std::string& role, const Settings& settings, const std::string& url);

}  // namespace bench
