#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <holdfast/http/http_server.hpp>

namespace platform::rest {

/// A request that is answered with an error. what() is for people; field, value and allowed are for programs.
class ApiError : public std::runtime_error {
 public:
  ApiError(int status, const std::string& message) : std::runtime_error(message), status_(status) {}
  ApiError(int status, const std::string& message, std::string field, std::string value, std::string allowed)
      : std::runtime_error(message),
        status_(status),
        field_(std::move(field)),
        value_(std::move(value)),
        allowed_(std::move(allowed)) {}

  int status() const { return status_; }
  /// {"error", "field", "value", "allowed"}; the last three only when they say something.
  holdfast::http::HttpResponse response() const;

 private:
  int status_;
  std::string field_, value_, allowed_;
};

/// 400: "<field> is <value>; allowed: <allowed>". The value is cut to a readable length.
ApiError bad_value(std::string_view field, std::string_view value, std::string_view allowed);

/// 404 for a resource that does not exist, or not for this tenant.
ApiError not_found(std::string_view what);

}  // namespace platform::rest
