#include <rest/api_error.hpp>

#include <boost/json.hpp>

#include <activities/vendors/text.hpp>

namespace platform::rest {
namespace {

constexpr std::size_t kLongestValue = 200;

}  // namespace

holdfast::http::HttpResponse ApiError::response() const {
  boost::json::object body{{"error", what()}};
  if (!field_.empty()) {
    body["field"] = field_;
    body["value"] = value_;
    body["allowed"] = allowed_;
  }
  return {.status = status_, .body = boost::json::serialize(body)};
}

ApiError bad_value(std::string_view field, std::string_view value, std::string_view allowed) {
  const auto shown = vendors::text_prefix(value, kLongestValue);
  const std::string name(field), range(allowed);
  return {400, name + " is " + (value.empty() ? "empty" : "'" + shown + "'") + "; allowed: " + range, name, shown,
          range};
}

ApiError not_found(std::string_view what) { return {404, "there is no such " + std::string(what)}; }

}  // namespace platform::rest
