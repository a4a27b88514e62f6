#include <holdfast/store/postgres/filter_sql.hpp>

#include <algorithm>
#include <array>

#include <holdfast/core/json_text.hpp>
#include <holdfast/visibility/times.hpp>

namespace holdfast::store::postgres {
namespace {

using visibility::Column;
using visibility::Decimal;
using visibility::Field;
using visibility::Filter;
using visibility::Test;
using visibility::Value;

std::string operator_of(Test test) {
  switch (test) {
    case Test::less: return " < ";
    case Test::less_or_equal: return " <= ";
    case Test::greater: return " > ";
    default: return " >= ";
  }
}

const std::string* text_of(const Filter& filter) { return std::get_if<std::string>(&filter.values.at(0)); }

/// Negations are pushed down to the comparisons. Above them are then only AND and OR, for which null is as good as
/// false, so each comparison only has to say when it is true, and when its negation is.
class Compiler {
 public:
  explicit Compiler(Parameters& parameters) : parameters_(parameters) {}

  std::string condition(const Filter& filter, bool negated) {
    switch (filter.test) {
      case Test::negation: return condition(filter.parts.at(0), !negated);
      case Test::all_of: return joined(filter, negated, negated ? " OR " : " AND ", negated ? "false" : "true");
      case Test::any_of: return joined(filter, negated, negated ? " AND " : " OR ", negated ? "true" : "false");
      default: break;
    }
    if (filter.column.field == Field::attribute) return attribute(filter, negated);
    const auto test =
        filter.test == Test::is_null ? expression(filter.column.field) + " IS NULL" : built_in(filter, negated);
    return negated ? "NOT (" + test + ")" : test + failure_hint(filter);
  }

  /// "$n" of a new parameter.
  std::string add(Parameter value) {
    parameters_.push_back(std::move(value));
    return "$" + std::to_string(parameters_.size());
  }

 private:
  std::string joined(const Filter& filter, bool negated, const char* word, const char* of_none) {
    std::string out;
    for (const auto& part : filter.parts) out += (out.empty() ? "(" : word) + condition(part, negated);
    return out.empty() ? of_none : out + ")";
  }

  // --- fields

  static std::string expression(Field field) {
    switch (field) {
      case Field::workflow_id: return "r.workflow_id";
      case Field::run_id: return "r.run_id";
      case Field::workflow_type: return "r.workflow_type";
      case Field::task_queue: return "r.task_queue";
      case Field::execution_status: return "r.status";
      case Field::start_time: return "r.started_at";
      case Field::close_time: return "r.closed_at";
      case Field::execution_duration: return "(extract(epoch FROM r.closed_at - r.started_at) * 1000000)::bigint";
      case Field::parent_run_id: return "r.parent_run_id";
      case Field::parent_workflow_id:
        return "(SELECT p.workflow_id FROM holdfast.runs p WHERE p.shard = 0 AND p.run_id = r.parent_run_id)";
      case Field::attribute: break;
    }
    return "";
  }

  std::string built_in(const Filter& filter, bool negated) {
    const Field field = filter.column.field;
    if (filter.test == Test::equals_any) return equals_any(filter, negated);
    const auto value = element(array(filter));
    const auto column = expression(field);
    if (filter.test == Test::starts_with) return "starts_with(" + column + ", " + value + ")";
    const bool text = std::holds_alternative<std::string>(filter.values.at(0));
    return column + (text ? " COLLATE \"C\"" : "") + operator_of(filter.test) + value;
  }

  std::string equals_any(const Filter& filter, bool negated) {
    const auto values = array(filter);
    // Nothing is in an empty array, not even null, so the negation compares the texts.
    if (filter.column.field != Field::parent_workflow_id || negated)
      return expression(filter.column.field) + " = ANY (" + values + ")";
    // From the parents to their children: there is an index for each half of the way.
    return "r.parent_run_id = ANY (ARRAY (SELECT p.run_id FROM holdfast.runs p WHERE p.shard = 0 AND"
           " p.namespace = $2::text AND p.workflow_id = ANY (" +
           values + ")))";
  }

  /// Nothing but these ends with a failure, and runs that have one are indexed.
  static std::string failure_hint(const Filter& filter) {
    constexpr std::array<std::string_view, 3> kWithFailure{"failed", "timed_out", "terminated"};
    if (filter.column.field != Field::execution_status || filter.test != Test::equals_any) return "";
    const bool only = std::ranges::all_of(filter.values, [&](const Value& value) {
      return std::ranges::find(kWithFailure, std::get<std::string>(value)) != kWithFailure.end();
    });
    return only ? " AND r.failure IS NOT NULL" : "";
  }

  /// The values as one array parameter of the field's type.
  std::string array(const Filter& filter) {
    const auto of = [&](auto sample, std::uint32_t type, const char* name) {
      using T = decltype(sample);
      return "(" +
             add(array_of(type, filter.values,
                          [](const Value& v) -> decltype(auto) { return parameter_of(std::get<T>(v)); })) +
             "::" + name + "[])";
    };
    switch (filter.column.field) {
      case Field::run_id:
      case Field::parent_run_id: return of(Uuid(), oid::kUuid, "uuid");
      case Field::start_time:
      case Field::close_time: return of(Timestamp(), oid::kTimestamptz, "timestamptz");
      case Field::execution_duration: return of(Duration(), oid::kBigint, "bigint");
      default: return of(std::string(), oid::kText, "text");
    }
  }
  static std::string element(const std::string& array) { return array + "[1]"; }
  static std::string_view parameter_of(const std::string& text) { return text; }
  template <class T>
  static T parameter_of(const T& value) {
    return value;
  }

  // --- attributes

  std::string attribute(const Filter& filter, bool negated) {
    if (filter.test == Test::equals_any && !negated) return contains(filter);
    const auto name = add(text_parameter(filter.column.attribute)) + "::text)";
    const auto text = "(r.search_attributes ->> " + name, value = "(r.search_attributes -> " + name;
    if (filter.test == Test::is_null) return text + (negated ? " IS NOT NULL" : " IS NULL");
    const auto test = filter.test == Test::equals_any    ? contains(filter)
                      : filter.test == Test::starts_with ? starts_with(filter, value, text)
                                                         : in_order(filter, value, text);
    return negated ? "(" + text + " IS NOT NULL AND NOT " + test + ")" : test;
  }

  /// Containment, which the index answers: of the value, and for texts of a list that has it.
  std::string contains(const Filter& filter) {
    std::string out;
    const auto add_one = [&](const std::string& value) {
      std::string object = "{";
      append_json_string(object, filter.column.attribute);
      object += ':' + value + '}';
      out += (out.empty() ? "(" : " OR ") + std::string("r.search_attributes @> ") + add(text_parameter(object)) +
             "::text::jsonb";
    };
    for (const Value& value : filter.values) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        std::string json;
        append_json_string(json, *text);
        add_one(json);
        add_one("[" + json + "]");
      } else if (const auto* number = std::get_if<Decimal>(&value)) {
        add_one(number->text());
      } else {
        add_one(std::get<bool>(value) ? "true" : "false");
      }
    }
    return out + ")";
  }

  std::string starts_with(const Filter& filter, const std::string& value, const std::string& text) {
    const auto prefix = add(text_parameter(*text_of(filter))) + "::text";
    return "CASE jsonb_typeof" + value + " WHEN 'string' THEN starts_with(" + text + ", " + prefix +
           ") WHEN 'array' THEN EXISTS (SELECT FROM jsonb_array_elements_text" + value + " e WHERE starts_with(e, " +
           prefix + ")) ELSE false END";
  }

  /// False for values of another kind than the limit.
  std::string in_order(const Filter& filter, const std::string& value, const std::string& text) {
    const auto when = [&](const char* type, const std::string& column, const std::string& limit) {
      return "CASE WHEN jsonb_typeof" + value + " = '" + type + "' THEN coalesce(" + column + operator_of(filter.test) +
             limit + ", false) ELSE false END";
    };
    if (const auto* number = std::get_if<Decimal>(&filter.values.at(0)))
      return when("number", value + "::numeric", add(text_parameter(number->text())) + "::text::numeric");
    const auto& limit = *text_of(filter);
    if (const auto time = visibility::attribute_time(limit)) {
      const std::array times{*time};
      return when(
          "string", "holdfast.attribute_time" + text,
          element("(" + add(array_of(oid::kTimestamptz, times, [](Timestamp t) { return t; })) + "::timestamptz[])"));
    }
    return when("string", text + " COLLATE \"C\"", add(text_parameter(limit)) + "::text");
  }

  Parameters& parameters_;
};

}  // namespace

std::string filter_sql(const Filter& filter, Parameters& parameters) {
  return Compiler(parameters).condition(filter, false);
}

std::string group_sql(const Column& column, Parameters& parameters) {
  switch (column.field) {
    case Field::execution_status: return "to_jsonb(r.status)";
    case Field::workflow_type: return "to_jsonb(r.workflow_type)";
    case Field::task_queue: return "to_jsonb(r.task_queue)";
    default: break;
  }
  return "coalesce(r.search_attributes -> " + Compiler(parameters).add(text_parameter(column.attribute)) +
         "::text, 'null')";
}

bool wants_open_runs(const Filter& filter) {
  if (filter.test == Test::all_of) return std::ranges::any_of(filter.parts, wants_open_runs);
  return filter.test == Test::equals_any && filter.column.field == Field::execution_status &&
         std::ranges::all_of(filter.values, [](const Value& v) { return std::get<std::string>(v) == "running"; });
}

}  // namespace holdfast::store::postgres
