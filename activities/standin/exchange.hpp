#pragma once

#include <holdfast/http/signature/header_list.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace platform::standin {

using holdfast::http::HeaderList;
using Fields = std::vector<std::pair<std::string, std::string>>;

/// One request as a vendor module sees it.
struct Request {
  std::string method;
  std::string path;  ///< decoded, without the query
  Fields query;      ///< decoded
  HeaderList headers;
  std::string body;  ///< raw
};

struct Reply {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  HeaderList headers{};
  std::chrono::milliseconds delay{0};  ///< waited before the answer is sent
};

/// One vendor. handle() is called from many threads at once.
class VendorModule {
 public:
  virtual ~VendorModule() = default;

  /// Nothing if the path belongs to another vendor.
  virtual std::optional<Reply> handle(const Request& request) = 0;
};

Reply json_reply(int status, const boost::json::value& body);

/// Value of the first field with this name; empty if there is none.
std::string field(const Fields& fields, std::string_view name);

/// Decodes application/x-www-form-urlencoded; order and repetitions are kept.
Fields parse_form(std::string_view text);

/// Media type of the request without parameters, lower case.
std::string media_type(const Request& request);

/// The secret of `Authorization: Bearer <secret>`; empty if there is none.
std::string bearer(const Request& request);

/// user and password of `Authorization: Basic …`.
std::optional<std::pair<std::string, std::string>> basic_credentials(const Request& request);

/// The body as a JSON object; nothing if it is not one.
std::optional<boost::json::object> json_object(const Request& request);

}  // namespace platform::standin
