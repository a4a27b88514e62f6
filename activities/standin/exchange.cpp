#include <activities/standin/exchange.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace platform::standin {
namespace {

using holdfast::http::trimmed;

std::string url_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size()) {
      const auto byte = holdfast::http::hex_decode(text.substr(i + 1, 2));
      out += byte && byte->size() == 1 ? *byte : std::string(text.substr(i, 3));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string after_scheme(const Request& request, std::string_view scheme) {
  const auto header = request.headers.find("Authorization").value_or("");
  const auto space = std::min(header.find(' '), header.size());
  if (!holdfast::http::equal_ignoring_case(header.substr(0, space), scheme)) return {};
  return std::string(trimmed(header.substr(space)));
}

}  // namespace

Reply json_reply(int status, const boost::json::value& body) {
  return {.status = status, .body = boost::json::serialize(body)};
}

std::string field(const Fields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
  return found == fields.end() ? std::string() : found->second;
}

Fields parse_form(std::string_view text) {
  Fields out;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto entry = text.substr(0, end);
    const auto equals = std::min(entry.find('='), entry.size());
    if (!entry.empty()) {
      out.emplace_back(url_decoded(entry.substr(0, equals)),
                       url_decoded(entry.substr(std::min(equals + 1, entry.size()))));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string media_type(const Request& request) {
  const auto header = request.headers.find("Content-Type").value_or("");
  std::string out(trimmed(header.substr(0, header.find(';'))));
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string bearer(const Request& request) { return after_scheme(request, "Bearer"); }

std::optional<std::pair<std::string, std::string>> basic_credentials(const Request& request) {
  const auto decoded = holdfast::http::base64_decode(after_scheme(request, "Basic"));
  if (!decoded) return std::nullopt;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return std::pair{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

std::optional<boost::json::object> json_object(const Request& request) {
  boost::system::error_code error;
  auto value = boost::json::parse(request.body, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

}  // namespace platform::standin
