#include "json_object.hpp"

#include <holdfast/core/json_text.hpp>

namespace wfctl {

void JsonObject::member(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  holdfast::append_json_string(text_, name);
  text_ += ':';
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  member(name);
  holdfast::append_json_string_repaired(text_, value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::int64_t value) {
  member(name);
  holdfast::append_json_integer(text_, value);
  return *this;
}

JsonObject& JsonObject::flag(std::string_view name, bool value) {
  member(name);
  text_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::time(std::string_view name, holdfast::Timestamp value) {
  return text(name, holdfast::to_rfc3339(value));
}

JsonObject& JsonObject::time(std::string_view name, const std::optional<holdfast::Timestamp>& value) {
  return value ? time(name, *value) : json(name, "");
}

JsonObject& JsonObject::uuid(std::string_view name, const holdfast::Uuid& value) {
  return value.is_nil() ? json(name, "") : text(name, value.to_string());
}

JsonObject& JsonObject::json(std::string_view name, std::string_view value) {
  member(name);
  text_ += value.empty() ? std::string_view("null") : value;
  return *this;
}

JsonObject& JsonObject::failure(std::string_view name, const std::optional<holdfast::Failure>& value) {
  return json(name, value ? holdfast::encode_failure(*value) : "");
}

JsonObject& JsonObject::texts(std::string_view name, const std::vector<std::string>& values) {
  std::vector<std::string> items;
  for (const auto& value : values) holdfast::append_json_string_repaired(items.emplace_back(), value);
  return json(name, json_array(items));
}

std::string json_array(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return out + "]";
}

std::string pretty_json(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false;
  const auto new_line = [&] { out.append(1, '\n').append(2 * depth, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size())
        out += json[++i];
      else if (c == '"')
        in_string = false;
      continue;
    }
    switch (c) {
      case ' ':
      case '\n':
      case '\r':
      case '\t': break;
      case '"':
        in_string = true;
        out += c;
        break;
      case '{':
      case '[': {
        const auto next = json.find_first_not_of(" \n\r\t", i + 1);
        out += c;
        if (next != std::string_view::npos && (json[next] == '}' || json[next] == ']'))
          out += json[i = next];
        else
          ++depth, new_line();
        break;
      }
      case '}':
      case ']':
        --depth;
        new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      case ':': out += ": "; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace wfctl
