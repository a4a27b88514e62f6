#pragma once

#include <string>
#include <utility>
#include <vector>

namespace holdfast::test {

struct WfctlResult {
  int exit_code = 0;  ///< 128 + signal when a signal ended it
  std::string out, err;
};

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Runs the built wfctl to its end, with nothing but `variables` (and PATH) in its environment.
WfctlResult run_wfctl(const std::vector<std::string>& arguments, const std::string& input = "",
                      const Variables& variables = {});

/// Its path.
std::string wfctl_path();

}  // namespace holdfast::test
