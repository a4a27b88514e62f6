#include <rest/router.hpp>

#include <algorithm>
#include <optional>

namespace platform::rest {
namespace {

std::string_view take_segment(std::string_view& path) {
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

/// The values of the pattern's names, if the path fits.
std::optional<std::map<std::string, std::string>> fit(std::string_view pattern, std::string_view path) {
  std::map<std::string, std::string> values;
  while (!pattern.empty() && !path.empty()) {
    const auto expected = take_segment(pattern), given = take_segment(path);
    const bool is_name = expected.starts_with('{');
    if (is_name ? given.empty() : expected != given) return std::nullopt;
    if (is_name) values.emplace(expected.substr(1, expected.size() - 2), given);
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

}  // namespace

Match Router::find(std::string_view method, std::string_view path) const {
  Match out;
  for (const auto& route : routes_) {
    auto values = fit(route.pattern, path);
    if (!values) continue;
    const bool same = route.method == method || (method == "HEAD" && route.method == "GET");
    if (same) return {.route = &route, .path = std::move(*values), .allowed = {}};
    out.allowed += (out.allowed.empty() ? "" : ", ") + route.method;
  }
  return out;
}

}  // namespace platform::rest
