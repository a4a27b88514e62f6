#include <holdfast/visibility/evaluate.hpp>

#include <algorithm>
#include <functional>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/visibility/times.hpp>

namespace holdfast::visibility {
namespace {

/// In this order, AND is the least and OR the greatest.
enum class Truth : std::int8_t { no, unknown, yes };
Truth truth(bool value) { return value ? Truth::yes : Truth::no; }
Truth negation(Truth value) { return static_cast<Truth>(2 - static_cast<int>(value)); }

bool is_in_order(Test test, std::strong_ordering order) {
  switch (test) {
    case Test::less: return order < 0;
    case Test::less_or_equal: return order <= 0;
    case Test::greater: return order > 0;
    case Test::greater_or_equal: return order >= 0;
    default: return order == 0;
  }
}

/// Of a value that is there with one of the filter's kind.
template <class T>
bool compares(const Filter& filter, const T& value) {
  if (filter.test == Test::equals_any)
    return std::ranges::any_of(filter.values, [&](const Value& wanted) {
      const auto* same_kind = std::get_if<T>(&wanted);
      return same_kind && *same_kind == value;
    });
  const auto* wanted = std::get_if<T>(&filter.values.at(0));
  if (!wanted) return false;
  if constexpr (std::is_same_v<T, std::string>)
    if (filter.test == Test::starts_with) return value.starts_with(*wanted);
  return is_in_order(filter.test, value <=> *wanted);
}

/// A text attribute is compared as a time with what is one: offsets and digits do not matter then.
bool compares_text(const Filter& filter, const std::string& value) {
  const auto* wanted = filter.test == Test::equals_any || filter.test == Test::starts_with
                           ? nullptr
                           : std::get_if<std::string>(&filter.values.at(0));
  if (const auto limit = wanted ? attribute_time(*wanted) : std::nullopt) {
    const auto at = attribute_time(value);
    return at && is_in_order(filter.test, *at <=> *limit);
  }
  return compares(filter, value);
}

bool compares_list(const Filter& filter, const std::vector<std::string>& elements) {
  if (filter.test != Test::equals_any && filter.test != Test::starts_with) return false;
  return std::ranges::any_of(elements, [&](const std::string& element) { return compares(filter, element); });
}

Truth test_attribute(const Filter& filter, const Subject& run) {
  const auto found = run.attributes.find(filter.column.attribute);
  const bool null = found == run.attributes.end() || std::holds_alternative<std::monostate>(found->second);
  if (filter.test == Test::is_null) return truth(null);
  if (null) return Truth::unknown;
  return truth(std::visit(
      [&]<class T>(const T& value) {
        if constexpr (std::is_same_v<T, std::string>)
          return compares_text(filter, value);
        else if constexpr (std::is_same_v<T, std::vector<std::string>>)
          return compares_list(filter, value);
        else if constexpr (std::is_same_v<T, bool>)
          return filter.test == Test::equals_any && compares(filter, value);
        else if constexpr (std::is_same_v<T, Decimal>)
          return filter.test != Test::starts_with && compares(filter, value);
        else
          return false;
      },
      found->second));
}

template <class T>
Truth test_value(const Filter& filter, const std::optional<T>& value) {
  if (filter.test == Test::is_null) return truth(!value);
  return value ? truth(compares(filter, *value)) : Truth::unknown;
}

Truth test_text(const Filter& filter, std::optional<std::string_view> value) {
  return test_value(filter, value ? std::optional(std::string(*value)) : std::nullopt);
}

Truth test_column(const Filter& filter, const Subject& run) {
  switch (filter.column.field) {
    case Field::workflow_id: return test_text(filter, run.workflow_id);
    case Field::workflow_type: return test_text(filter, run.workflow_type);
    case Field::task_queue: return test_text(filter, run.task_queue);
    case Field::execution_status: return test_text(filter, run.status);
    case Field::parent_workflow_id: return test_text(filter, run.parent_workflow_id);
    case Field::run_id: return test_value(filter, std::optional(run.run_id));
    case Field::parent_run_id:
      return test_value(filter, run.parent_run_id.is_nil() ? std::nullopt : std::optional(run.parent_run_id));
    case Field::start_time: return test_value(filter, std::optional(run.start_time));
    case Field::close_time: return test_value(filter, run.close_time);
    case Field::execution_duration:
      return test_value(filter,
                        run.close_time ? std::optional(Duration(*run.close_time - run.start_time)) : std::nullopt);
    case Field::attribute: break;
  }
  return test_attribute(filter, run);
}

Truth test(const Filter& filter, const Subject& run) {
  switch (filter.test) {
    case Test::negation: return negation(test(filter.parts.at(0), run));
    case Test::all_of: {
      auto all = Truth::yes;
      for (const auto& part : filter.parts) all = std::min(all, test(part, run));
      return all;
    }
    case Test::any_of: {
      auto any = Truth::no;
      for (const auto& part : filter.parts) any = std::max(any, test(part, run));
      return any;
    }
    default: return test_column(filter, run);
  }
}

Attribute read_attribute(std::string_view json) {
  if (json == "null") return {};
  if (json == "true" || json == "false") return json == "true";
  if (json.starts_with('"')) return JsonReader(json).string();
  if (json.starts_with('[')) {
    std::vector<std::string> elements;
    bool texts = true;
    JsonReader in(json);
    in.array([&] {
      const auto element = in.raw();
      if (element.starts_with('"'))
        elements.push_back(JsonReader(element).string());
      else
        texts = false;
    });
    if (texts) return elements;
    return Unknown{};
  }
  if (auto number = Decimal::parse(json)) return *number;
  return Unknown{};
}

}  // namespace

AttributeMap read_attributes(std::string_view json) {
  AttributeMap out;
  if (json.empty()) return out;
  JsonReader in(json);
  in.object([&](std::string_view key) {
    std::string name(key);
    out.insert_or_assign(std::move(name), read_attribute(in.raw()));
  });
  return out;
}

bool matches(const Filter& filter, const Subject& run) { return test(filter, run) == Truth::yes; }

}  // namespace holdfast::visibility
