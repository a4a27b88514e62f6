#pragma once

#include <string>
#include <vector>

namespace holdfast::test {

/// A line of a text plan that touches a table or sorts.
struct PlanNode {
  std::string text;   ///< as EXPLAIN prints it
  std::string table;  ///< scans only
  bool sequential = false;
  bool sorts = false;
  double rows = 0;        ///< that it produced or threw away, over all its loops; 0 if the plan was not executed
  std::string condition;  ///< Index Cond
};

/// The scans and sorts of a plan or of a whole server log with plans in it.
std::vector<PlanNode> read_plan(const std::string& text);

}  // namespace holdfast::test
