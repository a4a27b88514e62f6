#include <rest/json_body.hpp>

#include <algorithm>

#include <boost/json.hpp>

#include <rest/api_error.hpp>

namespace platform::rest {
namespace {

namespace json = boost::json;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_json(const holdfast::http::HttpRequest& request) {
  const auto header = request.headers.find("Content-Type").value_or("");
  const auto type = holdfast::http::trimmed(header.substr(0, header.find(';')));
  return holdfast::http::equal_ignoring_case(type, "application/json");
}

json::object parsed(const std::string& body) {
  json::parse_options options;
  options.max_depth = 16;
  boost::system::error_code error;
  auto value = json::parse(body, error, {}, options);
  if (error) throw ApiError(400, "the body is not JSON: " + error.message());
  if (!value.is_object()) throw ApiError(400, "the body is not a JSON object");
  return std::move(value.get_object());
}

std::string checked(const std::string& name, const json::value& value, std::size_t least, std::size_t most) {
  const auto allowed = "a text of " + std::to_string(least) + " to " + std::to_string(most) + " characters without NUL";
  if (!value.is_string()) throw bad_value(name, json::serialize(value), allowed);
  const std::string text(value.get_string());
  const auto length = characters(text);
  if (length < least || length > most || text.find('\0') != std::string::npos) throw bad_value(name, text, allowed);
  return text;
}

}  // namespace

JsonBody::JsonBody(const holdfast::http::HttpRequest& request) {
  if (request.body.empty()) return;
  if (request.body.size() > kMostBytes)
    throw ApiError(413, "the body has " + std::to_string(request.body.size()) + " bytes; allowed: 65536 at most");
  if (!is_json(request)) {
    const auto type = request.headers.find("Content-Type").value_or("");
    throw ApiError(415, "Content-Type is '" + std::string(type.substr(0, 100)) + "'; allowed: application/json");
  }
  fields_ = parsed(request.body);
}

const json::value* JsonBody::value(const std::string& name) {
  known_.insert(name);
  return fields_.if_contains(name);
}

bool JsonBody::is_null(const std::string& name) {
  const auto* found = value(name);
  return found != nullptr && found->is_null();
}

std::optional<std::string> JsonBody::text(const std::string& name, std::size_t most, std::size_t least) {
  const auto* found = value(name);
  if (found == nullptr) return std::nullopt;
  return checked(name, *found, least, most);
}

std::string JsonBody::required_text(const std::string& name, std::size_t most, std::size_t least) {
  if (auto found = text(name, most, least)) return *found;
  throw bad_value(name, "missing",
                  "a text of " + std::to_string(least) + " to " + std::to_string(most) + " characters");
}

std::optional<std::int64_t> JsonBody::integer(const std::string& name, std::int64_t least, std::int64_t most) {
  const auto* found = value(name);
  if (found == nullptr || found->is_null()) return std::nullopt;
  if (!found->is_int64() || found->get_int64() < least || found->get_int64() > most)
    throw bad_value(name, json::serialize(*found),
                    "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return found->get_int64();
}

std::optional<bool> JsonBody::flag(const std::string& name) {
  const auto* found = value(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_bool()) throw bad_value(name, json::serialize(*found), "true or false");
  return found->get_bool();
}

std::optional<holdfast::Timestamp> JsonBody::time(const std::string& name) {
  const auto given = text(name, 40);
  if (!given) return std::nullopt;
  try {
    return holdfast::parse_rfc3339(*given);
  } catch (const std::invalid_argument&) {
    throw bad_value(name, *given, "a time like 2026-11-30T17:00:00Z");
  }
}

std::optional<std::vector<std::string>> JsonBody::texts(const std::string& name, std::size_t most_entries) {
  const auto* found = value(name);
  if (found == nullptr) return std::nullopt;
  const auto allowed = "a list of 1 to " + std::to_string(most_entries) + " different texts";
  if (!found->is_array() || found->get_array().empty() || found->get_array().size() > most_entries)
    throw bad_value(name, json::serialize(*found), allowed);
  std::vector<std::string> out;
  for (const auto& entry : found->get_array()) {
    auto text = checked(name + "[" + std::to_string(out.size()) + "]", entry, 1, 200);
    if (std::ranges::find(out, text) != out.end()) throw bad_value(name, json::serialize(*found), allowed);
    out.push_back(std::move(text));
  }
  return out;
}

const json::object* JsonBody::object(const std::string& name) {
  const auto* found = value(name);
  if (found == nullptr) return nullptr;
  if (!found->is_object()) throw bad_value(name, json::serialize(*found), "a JSON object");
  return &found->get_object();
}

void JsonBody::done() const {
  std::string allowed;
  for (const auto& name : known_) allowed += (allowed.empty() ? "" : ", ") + name;
  for (const auto& field : fields_)
    if (!known_.contains(std::string(field.key())))
      throw bad_value("field", field.key(), allowed.empty() ? "none" : allowed);
}

}  // namespace platform::rest
