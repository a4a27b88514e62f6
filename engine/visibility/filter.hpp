#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/visibility/decimal.hpp>

/// What lists of runs are filtered by (docs/filters.md): a tree that parse.hpp reads, print.hpp writes, evaluate.hpp
/// applies to one run, and the store on PostgreSQL turns into SQL.
namespace holdfast::visibility {

enum class Field : std::uint8_t {
  workflow_id,
  run_id,
  workflow_type,
  task_queue,
  execution_status,
  start_time,
  close_time,          ///< null while the run is open
  execution_duration,  ///< from start to close; null while the run is open
  parent_workflow_id,  ///< null: nobody's child
  parent_run_id,
  attribute,  ///< a search attribute; null: not set
};

/// What a comparison looks at.
struct Column {
  Field field = Field::attribute;
  std::string attribute = {};  ///< the name, of Field::attribute

  bool operator==(const Column&) const = default;
};
/// The name in filters, such as WorkflowType or a search attribute's. ScheduleId is the attribute ScheduledById.
std::string column_name(const Column& column);

/// Texts of workflow ids, types, queues and string attributes; statuses as stored ("timed_out"); times of StartTime and
/// CloseTime, lengths of ExecutionDuration, ids of RunId and ParentRunId. Attributes: booleans, numbers, texts.
using Value = std::variant<bool, Decimal, std::string, Timestamp, Duration, Uuid>;

enum class Test : std::uint8_t {
  all_of,  ///< of `parts`; of none: every run
  any_of,
  negation,    ///< of the one part
  equals_any,  ///< one of `values`. Of lists: an element is
  less,        ///< than the one value; likewise the next three
  less_or_equal,
  greater,
  greater_or_equal,
  starts_with,
  is_null,
};

struct Filter {
  Test test = Test::all_of;
  Column column = {};
  std::vector<Value> values = {};
  std::vector<Filter> parts = {};

  bool matches_everything() const { return test == Test::all_of && parts.empty(); }
  bool operator==(const Filter&) const = default;
};

/// Both; leaves out what matches everything.
Filter operator&&(Filter a, Filter b);
Filter equals(Column column, Value value);

}  // namespace holdfast::visibility
