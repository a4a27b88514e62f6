#include <holdfast/core/attributes.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/core/json_text.hpp>

namespace holdfast {
namespace {

[[noreturn]] void reject(std::string_view field, const std::string& problem, const std::string& allowed) {
  throw std::invalid_argument(std::string(field) + " " + problem + "; allowed: " + allowed);
}

/// As an error message may show it: short, printable.
std::string shown(std::string_view value) {
  constexpr std::size_t kMost = 60;
  std::string out;
  append_json_string_repaired(out, value.substr(0, kMost));
  return value.size() > kMost ? out + "..." : out;
}

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

/// The code unit of a \uXXXX at `at` in valid JSON; -1 if there is none.
int unicode_escape(std::string_view json, std::size_t at) {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return -1;
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) unit = unit * 16 + hex_digit(json[i]);
  return unit;
}

/// True if valid JSON holds an escape that jsonb has no character for.
bool has_escape_without_character(std::string_view json) {
  for (std::size_t at = json.find('\\'); at != std::string_view::npos; at = json.find('\\', at)) {
    const int unit = unicode_escape(json, at);
    if (unit == 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return true;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      const int low = unicode_escape(json, at + 6);
      if (low < 0xDC00 || low > 0xDFFF) return true;
      at += 12;
    } else {
      at += unit < 0 ? 2 : 6;
    }
  }
  return false;
}

/// jsonb keeps numbers exactly, up to a size that nobody needs.
bool is_kept_number(std::string_view number) {
  constexpr std::size_t kMostBytes = 1000;
  constexpr int kLargestExponent = 10'000;
  if (number.size() > kMostBytes) return false;
  auto at = number.find_first_of("eE");
  if (at == std::string_view::npos) return true;
  if (number[++at] == '+') ++at;
  int exponent = 0;
  const auto [end, error] = std::from_chars(number.data() + at, number.data() + number.size(), exponent);
  return error == std::errc() && std::abs(exponent) <= kLargestExponent;
}

/// The first number of valid JSON that jsonb would refuse; empty: none.
std::string_view refused_number(std::string_view json) {
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] == '"') {
      while (json[++at] != '"')
        if (json[at] == '\\') ++at;
    } else if (json[at] == '-' || (json[at] >= '0' && json[at] <= '9')) {
      const auto end = std::min(json.find_first_not_of("0123456789+-.eE", at), json.size());
      if (const auto number = json.substr(at, end - at); !is_kept_number(number)) return number;
      at = end - 1;
    }
  }
  return {};
}

bool is_finite_number(std::string_view json) {
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  return error == std::errc() && end == json.data() + json.size() && std::isfinite(value);
}

bool is_list_of_strings(std::string_view json) {
  if (!json.starts_with('[')) return false;
  bool strings = true;
  JsonReader in(json);
  in.array([&] { strings = in.raw().starts_with('"') && strings; });
  return strings;
}

void check_attribute(const std::string& name, std::string_view value) {
  const std::string field = "search_attributes." + name;
  constexpr auto kAllowed = "a string, a boolean, a number that fits a double, a list of strings, or null";
  if (value.size() > kMaxAttributeBytes)
    reject(field, "has " + std::to_string(value.size()) + " bytes",
           "at most " + std::to_string(kMaxAttributeBytes) + " bytes; keep larger things in the memo");
  if (value.starts_with('"') || value == "true" || value == "false" || value == "null" || is_list_of_strings(value) ||
      is_finite_number(value))
    return;
  reject(field, "is " + shown(value), kAllowed);
}

}  // namespace

std::string_view built_in_attribute(std::string_view name) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (const auto built_in : kBuiltInAttributes)
    if (std::ranges::equal(built_in, name, same)) return built_in;
  return {};
}

bool is_attribute_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
  return !name.empty() && name.size() <= kMaxAttributeNameBytes && letter(name[0]) && std::ranges::all_of(name, rest);
}

void check_json_object(std::string_view field, std::string_view json, std::size_t max_bytes) {
  const std::string allowed =
      "a JSON object of at most " + std::to_string(max_bytes) + " bytes, without \\u0000 and halves of surrogate pairs";
  if (json.size() > max_bytes) reject(field, "has " + std::to_string(json.size()) + " bytes", allowed);
  if (!is_valid_utf8(json)) reject(field, "is not valid UTF-8 (" + shown(json) + ")", allowed);
  if (!is_valid_json_object(json)) reject(field, "is not a JSON object (" + shown(json) + ")", allowed);
  if (has_escape_without_character(json))
    reject(field, "holds an escape that jsonb cannot store (" + shown(json) + ")", allowed);
  if (const auto number = refused_number(json); !number.empty())
    reject(field, "holds a number that jsonb cannot store (" + shown(number) + ")", allowed);
}

void check_search_attributes(std::string_view json) {
  if (json.empty()) return;
  check_json_object("search_attributes", json, kMaxAttributesBytes);
  std::set<std::string> names;
  JsonReader in(json);
  in.object([&](std::string_view key) {
    const std::string name(key);
    if (!is_attribute_name(name))
      reject("search_attributes", "has the name " + shown(name),
             "names of letters, digits, _ . and -, a letter or _ first, at most " +
                 std::to_string(kMaxAttributeNameBytes) + " bytes");
    if (const auto built_in = built_in_attribute(name); !built_in.empty())
      reject("search_attributes", "has the name " + shown(name),
             "names other than those that filters know already, such as " + std::string(built_in));
    if (!names.insert(name).second) reject("search_attributes", "has " + shown(name) + " twice", "each name once");
    check_attribute(name, in.raw());
  });
  if (names.size() > kMaxAttributes)
    reject("search_attributes", "has " + std::to_string(names.size()) + " names",
           "at most " + std::to_string(kMaxAttributes));
}

void check_memo(std::string_view json) {
  if (!json.empty()) check_json_object("memo", json, kMaxMemoBytes);
}

Properties read_properties(std::string_view json) {
  Properties out;
  if (json.empty()) return out;
  JsonReader in(json);
  in.object([&](std::string_view key) {
    std::string name(key);
    out[std::move(name)] = std::string(in.raw());
  });
  return out;
}

Payload write_properties(const Properties& properties) {
  std::string out = "{";
  for (const auto& [name, value] : properties) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    out += value;
  }
  return out + '}';
}

Properties changed_properties(Properties properties, const Properties& changes) {
  for (const auto& [name, value] : changes) {
    if (value == "null")
      properties.erase(name);
    else
      properties[name] = value;
  }
  return properties;
}

Attributes& Attributes::set(std::string name, std::string_view value) {
  append_json_string(members_[std::move(name)] = {}, value);
  return *this;
}
Attributes& Attributes::set(std::string name, bool value) {
  members_[std::move(name)] = value ? "true" : "false";
  return *this;
}
Attributes& Attributes::set(std::string name, std::int64_t value) {
  members_[std::move(name)] = std::to_string(value);
  return *this;
}
Attributes& Attributes::set(std::string name, double value) {
  std::string text;
  append_json_double(text, value);
  members_[std::move(name)] = std::move(text);
  return *this;
}
Attributes& Attributes::set(std::string name, Timestamp value) { return set(std::move(name), to_rfc3339(value)); }
Attributes& Attributes::set(std::string name, const std::vector<std::string>& values) {
  std::string text = "[";
  for (const auto& value : values) {
    if (text.size() > 1) text += ',';
    append_json_string(text, value);
  }
  members_[std::move(name)] = text + ']';
  return *this;
}
Attributes& Attributes::remove(std::string name) {
  members_[std::move(name)] = "null";
  return *this;
}

}  // namespace holdfast
