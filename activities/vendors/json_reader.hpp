#pragma once

#include <boost/json/value.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace platform::vendors {

/// Lenient look-ups in vendors' answers: whatever is missing or of another type reads as "nothing".

/// Nothing if the text is not one JSON value.
std::optional<boost::json::value> parse_json(std::string_view text);

/// Follows member names; nullptr if any is missing.
const boost::json::value* member(const boost::json::value& value, std::initializer_list<std::string_view> path);

/// Empty if missing or not a string. The view lives as long as the value.
std::string_view string_member(const boost::json::value& value, std::initializer_list<std::string_view> path);

/// 0 if missing or not an integer.
std::int64_t integer_member(const boost::json::value& value, std::initializer_list<std::string_view> path);

/// Element `index` of an array member; nullptr if there is none.
const boost::json::value* element(const boost::json::value& value, std::initializer_list<std::string_view> path,
                                  std::size_t index);

}  // namespace platform::vendors
