#pragma once

#include <span>
#include <string>
#include <vector>

#include <holdfast/client/limits.hpp>

namespace holdfast::client {

/// A limit that a configuration declares.
struct DeclaredLimit {
  store::LimitName limit;
  store::LimitRule rule;
  std::string reason;
};

struct LimitReconciliationReport {
  std::vector<std::string> created, updated, removed;  ///< such as "key endpoint/*"
  std::vector<std::string> undeclared;                 ///< of this origin, but not declared (any more), and left alone
  std::vector<std::string> kept;  ///< declared, but an operator has set it to something else: it stays so
  int unchanged = 0;
};

/// Makes the limits of `origin` what is declared: creates what is missing, updates what says something else, and
/// deletes
/// (`delete_removed`) or reports what is not declared any more. A limit that somebody else set (another origin, as
/// wfctl and SQL leave it empty) is left alone: an operator's hand on a limit wins until he deletes it. Several
/// processes may do it at the same time. Throws what Limits throws.
LimitReconciliationReport reconcile(const Limits& limits, std::span<const DeclaredLimit> declared,
                                    const std::string& origin, bool delete_removed);

}  // namespace holdfast::client
