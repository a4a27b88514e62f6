#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pqxx/result>

#include <holdfast/http/http_server.hpp>

namespace platform::rest {

/// Positions in lists, and names of rows that only have a compound key: the values of the key in base64url. Opaque to
/// callers; made here, or in SQL by platform.row_name().
std::string encode_cursor(const std::vector<std::string>& values);

/// Throws ApiError 400 naming `field` unless it is a cursor of `count` values.
std::vector<std::string> decode_cursor(std::string_view field, std::string_view cursor, std::size_t count);

/// {"data": [...], "next_cursor": "..." or null}. Column 0 of each row is an entry's JSON, the others are its cursor's
/// values. The statement asked for one row more than `limit`: if it is there, there is a next page.
holdfast::http::HttpResponse page_of(const pqxx::result& rows, int limit);

}  // namespace platform::rest
