#include <rest/query.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

#include <activities/vendors/text.hpp>
#include <holdfast/http/signature/hash.hpp>
#include <rest/api_error.hpp>

namespace platform::rest {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? holdfast::http::hex_decode(text.substr(i + 1, 2))
                                                            : std::optional<std::string>();
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string joined(const std::set<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

std::string joined(const std::vector<std::string>& names) { return joined(std::set(names.begin(), names.end())); }

}  // namespace

bool is_storable(std::string_view text) { return vendors::text_prefix(text, text.size()) == text; }

std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto entry = text.substr(0, end);
    const auto equals = std::min(entry.find('='), entry.size());
    if (!entry.empty())
      out.emplace_back(decoded(entry.substr(0, equals)), decoded(entry.substr(std::min(equals + 1, entry.size()))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

Query::Query(std::string_view text) : fields_(parse_form(text)) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : fields_) {
    if (!is_storable(name)) throw bad_value("query", name, "names in UTF-8 without NUL");
    if (!is_storable(value)) throw bad_value(name, value, "text in UTF-8 without NUL");
    if (!seen.insert(name).second) throw bad_value(name, value, "one value; it is given twice");
  }
}

std::optional<std::string> Query::text(const std::string& name, std::size_t longest) {
  known_.insert(name);
  const auto found = std::ranges::find(fields_, name, [](const auto& field) { return field.first; });
  if (found == fields_.end()) return std::nullopt;
  if (found->second.empty() || found->second.size() > longest)
    throw bad_value(name, found->second, "1 to " + std::to_string(longest) + " bytes");
  return found->second;
}

std::int64_t Query::integer(const std::string& name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
  const auto given = text(name);
  if (!given) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc() || end != given->data() + given->size() || value < least || value > most)
    throw bad_value(name, *given, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::optional<holdfast::Timestamp> Query::time(const std::string& name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  try {
    return holdfast::parse_rfc3339(*given);
  } catch (const std::invalid_argument&) {
    throw bad_value(name, *given, "a time like 2026-11-30T17:00:00Z");
  }
}

std::optional<std::string> Query::date(const std::string& name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  int year = 0;
  unsigned month = 0, day = 0, length = 0;
  const bool read = std::sscanf(given->c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &length) == 3 && length == 10;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!read || given->size() != 10 || !date.ok() || year < 1970) throw bad_value(name, *given, "a day like 2026-11-30");
  return given;
}

std::optional<std::string> Query::one_of(const std::string& name, const std::vector<std::string>& allowed) {
  auto given = text(name);
  if (given && std::ranges::find(allowed, *given) == allowed.end()) throw bad_value(name, *given, joined(allowed));
  return given;
}

void Query::done() const {
  for (const auto& [name, value] : fields_)
    if (!known_.contains(name)) throw bad_value("query parameter", name, joined(known_));
}

}  // namespace platform::rest
