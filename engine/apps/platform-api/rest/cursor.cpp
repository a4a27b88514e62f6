#include <rest/cursor.hpp>

#include <algorithm>

#include <boost/json.hpp>

#include <holdfast/http/signature/hash.hpp>
#include <rest/api_error.hpp>
#include <rest/query.hpp>

namespace platform::rest {

namespace json = boost::json;

std::string encode_cursor(const std::vector<std::string>& values) {
  json::array list;
  for (const auto& value : values) list.emplace_back(value);
  auto text = holdfast::http::base64_encode(json::serialize(list));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::vector<std::string> decode_cursor(std::string_view field, std::string_view cursor, std::size_t count) {
  const auto refused = bad_value(field, cursor, "a value that this API returned");
  std::string text(cursor);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  while (text.size() % 4 != 0) text += '=';
  const auto bytes = holdfast::http::base64_decode(text);
  if (!bytes) throw refused;
  boost::system::error_code error;
  const auto list = json::parse(*bytes, error);
  if (error || !list.is_array() || list.get_array().size() != count) throw refused;
  std::vector<std::string> out;
  for (const auto& value : list.get_array()) {
    if (!value.is_string() || !is_storable(value.get_string())) throw refused;
    out.emplace_back(value.get_string());
  }
  return out;
}

holdfast::http::HttpResponse page_of(const pqxx::result& rows, int limit) {
  const auto shown = std::min<pqxx::result::size_type>(rows.size(), static_cast<pqxx::result::size_type>(limit));
  std::string body = "{\"data\":[";
  for (pqxx::result::size_type i = 0; i < shown; ++i) {
    if (i > 0) body += ',';
    body += rows[i][0].c_str();
  }
  std::string next = "null";
  if (rows.size() > shown && shown > 0) {
    std::vector<std::string> values;
    for (pqxx::row::size_type column = 1; column < rows.columns(); ++column)
      values.emplace_back(rows[shown - 1][column].c_str());
    next = "\"" + encode_cursor(values) + "\"";
  }
  return {.body = body + "],\"next_cursor\":" + next + "}"};
}

}  // namespace platform::rest
