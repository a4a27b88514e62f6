#include <holdfast/visibility/print.hpp>

#include <holdfast/core/length.hpp>
#include <holdfast/visibility/fields.hpp>

namespace holdfast::visibility {
namespace {

std::string in_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

std::string name_of(const Column& column) {
  const auto name = column_name(column);
  return built_in_column(name) ? name : in_quotes(name, '`');
}

std::string value_text(const Column& column, const Value& value) {
  return std::visit(
      [&]<class T>(const T& v) -> std::string {
        if constexpr (std::is_same_v<T, bool>)
          return v ? "true" : "false";
        else if constexpr (std::is_same_v<T, Decimal>)
          return v.text();
        else if constexpr (std::is_same_v<T, std::string>)
          return in_quotes(column.field == Field::execution_status ? shown_status(v) : std::string_view(v), '\'');
        else if constexpr (std::is_same_v<T, Timestamp>)
          return in_quotes(to_rfc3339(v), '\'');
        else if constexpr (std::is_same_v<T, Duration>)
          return in_quotes(length_text(v), '\'');
        else
          return in_quotes(v.to_string(), '\'');
      },
      value);
}

std::string_view operator_of(Test test) {
  switch (test) {
    case Test::less: return " < ";
    case Test::less_or_equal: return " <= ";
    case Test::greater: return " > ";
    case Test::greater_or_equal: return " >= ";
    default: return " STARTS_WITH ";
  }
}

std::string listed(const Filter& filter) {
  std::string out = name_of(filter.column) + " IN (";
  for (std::size_t i = 0; i < filter.values.size(); ++i)
    out += (i > 0 ? ", " : "") + value_text(filter.column, filter.values[i]);
  return out + ")";
}

std::string joined(const Filter& filter, std::string_view word) {
  std::string out;
  for (const auto& part : filter.parts) {
    if (!out.empty()) out += word;
    const bool nested = (part.test == Test::all_of || part.test == Test::any_of) && part.parts.size() > 1;
    out += nested ? "(" + to_text(part) + ")" : to_text(part);
  }
  return out;
}

}  // namespace

std::string to_text(const Filter& filter) {
  switch (filter.test) {
    case Test::all_of: return joined(filter, " AND ");
    case Test::any_of: return joined(filter, " OR ");
    case Test::negation: return "NOT (" + to_text(filter.parts.at(0)) + ")";
    case Test::is_null: return name_of(filter.column) + " IS NULL";
    case Test::equals_any:
      if (filter.values.size() != 1) return listed(filter);
      return name_of(filter.column) + " = " + value_text(filter.column, filter.values[0]);
    default: break;
  }
  return name_of(filter.column) + std::string(operator_of(filter.test)) +
         value_text(filter.column, filter.values.at(0));
}

}  // namespace holdfast::visibility
