#include "plan_log.hpp"

#include <regex>
#include <sstream>

namespace holdfast::test {

std::vector<PlanNode> read_plan(const std::string& text) {
  static const std::regex scan(R"((Seq Scan|Index Scan|Index Only Scan|Bitmap Heap Scan).* on (\w+))");
  static const std::regex actual(R"(actual (?:time=\S+ )?rows=(\d+) loops=(\d+))");
  static const std::regex removed(R"(Rows Removed by [\w ]+: (\d+))");
  std::vector<PlanNode> nodes;
  std::istringstream lines(text);
  double loops = 1;
  bool current = false;  // the lines that follow belong to nodes.back()
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    const bool is_node = line.find("(cost=") != std::string::npos;
    if (is_node) {
      const bool scans = std::regex_search(line, match, scan);
      const bool sorts = line.find("Sort  (") != std::string::npos;
      current = scans || sorts;
      if (!current) continue;
      PlanNode node;
      node.text = line;
      node.sorts = sorts;
      if (scans) {
        node.table = match[2];
        node.sequential = match[1] == "Seq Scan";
      }
      if (std::regex_search(line, match, actual)) {
        loops = std::stod(match[2]);
        node.rows = std::stod(match[1]) * loops;
      }
      nodes.push_back(std::move(node));
    } else if (current && std::regex_search(line, match, removed)) {
      nodes.back().rows += std::stod(match[1]) * loops;
    } else if (const auto at = line.find("Index Cond: "); current && at != std::string::npos) {
      nodes.back().condition = line.substr(at + 12);
    }
  }
  return nodes;
}

}  // namespace holdfast::test
