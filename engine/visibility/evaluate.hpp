#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <holdfast/visibility/filter.hpp>

namespace holdfast::visibility {

/// A search attribute's value: null, a boolean, a number, a text, a list of texts, or something that no filter knows.
struct Unknown {};
using Attribute = std::variant<std::monostate, bool, Decimal, std::string, std::vector<std::string>, Unknown>;
using AttributeMap = std::map<std::string, Attribute, std::less<>>;
/// Of a JSON object, or of an empty text.
AttributeMap read_attributes(std::string_view json);

/// What a filter sees of a run. `status` as it is stored ("timed_out").
struct Subject {
  std::string_view workflow_id, workflow_type, task_queue, status;
  Uuid run_id, parent_run_id;  ///< parent: nil if there is none
  std::optional<std::string_view> parent_workflow_id = {};
  Timestamp start_time = {};
  std::optional<Timestamp> close_time = {};
  AttributeMap attributes = {};
};

/// Three-valued, as in SQL: what compares a null is unknown, and so is its negation; only what is true matches.
bool matches(const Filter& filter, const Subject& run);

}  // namespace holdfast::visibility
