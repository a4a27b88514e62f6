#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include <holdfast/core/time.hpp>
#include <holdfast/http/http_server.hpp>

namespace platform::rest {

/// The JSON object in a request's body. Readers throw ApiError that names the field, its value and what is allowed:
/// 400, or 413 and 415 for the body as a whole. Fields that nobody asked for are an error (done()).
class JsonBody {
 public:
  static constexpr std::size_t kMostBytes = 64 << 10;

  /// An empty body is an empty object.
  explicit JsonBody(const holdfast::http::HttpRequest& request);

  bool has(const std::string& name) { return value(name) != nullptr; }
  bool is_null(const std::string& name);
  /// Characters are counted, not bytes.
  std::optional<std::string> text(const std::string& name, std::size_t most, std::size_t least = 1);
  std::string required_text(const std::string& name, std::size_t most, std::size_t least = 1);
  /// null reads as nothing.
  std::optional<std::int64_t> integer(const std::string& name, std::int64_t least, std::int64_t most);
  std::optional<bool> flag(const std::string& name);
  std::optional<holdfast::Timestamp> time(const std::string& name);
  std::optional<std::vector<std::string>> texts(const std::string& name, std::size_t most_entries);
  const boost::json::object* object(const std::string& name);

  void done() const;

 private:
  const boost::json::value* value(const std::string& name);
  boost::json::object fields_;
  std::set<std::string> known_;
};

}  // namespace platform::rest
