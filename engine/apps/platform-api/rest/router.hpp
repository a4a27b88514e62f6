#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/http/http_server.hpp>
#include <rest/call.hpp>

namespace platform::rest {

using Handler = std::function<holdfast::http::HttpResponse(Call&)>;

/// Who may call a route.
enum class Access {
  read,       ///< an API key with scope read
  write,      ///< an API key with scope write
  operators,  ///< the operator's key: no tenant
  everybody,  ///< no key; the handler checks what the request carries
};

struct Route {
  std::string method, pattern;  ///< "/v1/integrations/{id}": a name in braces takes one segment
  Access access = Access::read;
  Handler handler;
};

struct Match {
  const Route* route = nullptr;             ///< nullptr: see `allowed`
  std::map<std::string, std::string> path;  ///< decoded values
  std::string allowed;                      ///< methods of this path; empty: there is no such path
};

/// The routes of the API. Filled before the first request; then read from many threads.
class Router {
 public:
  void add(std::string method, std::string pattern, Access access, Handler handler) {
    routes_.push_back({std::move(method), std::move(pattern), access, std::move(handler)});
  }
  Match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace platform::rest
