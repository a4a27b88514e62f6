#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/core/time.hpp>

namespace platform::rest {

/// The query of a request, decoded. Each reader throws ApiError 400 that names the parameter; what nobody asked for is
/// an error too (done()), so that a misspelt parameter does not pass unnoticed.
class Query {
 public:
  /// Throws ApiError 400 for text that is not UTF-8 or holds NUL, and for a parameter given twice.
  explicit Query(std::string_view text);

  std::optional<std::string> text(const std::string& name, std::size_t longest = 200);
  std::int64_t integer(const std::string& name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  std::optional<holdfast::Timestamp> time(const std::string& name);
  /// YYYY-MM-DD, a day that exists.
  std::optional<std::string> date(const std::string& name);
  std::optional<std::string> one_of(const std::string& name, const std::vector<std::string>& allowed);

  /// Page size: 1 to 200, 50 unless given.
  int limit() { return static_cast<int>(integer("limit", 50, 1, 200)); }

  /// Throws ApiError 400 for a parameter that was not read.
  void done() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
  std::set<std::string> known_;
};

/// Percent-decoded; '+' is a space. Fields in their order.
std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);

/// True for valid UTF-8 without NUL: what the database takes as text.
bool is_storable(std::string_view text);

}  // namespace platform::rest
