#include <holdfast/visibility/fields.hpp>

#include <array>

#include <holdfast/core/attributes.hpp>

namespace holdfast::visibility {
namespace {

struct Named {
  std::string_view name;
  Field field;
};
constexpr std::array<Named, 10> kFields{{{"WorkflowId", Field::workflow_id},
                                         {"RunId", Field::run_id},
                                         {"WorkflowType", Field::workflow_type},
                                         {"TaskQueue", Field::task_queue},
                                         {"ExecutionStatus", Field::execution_status},
                                         {"StartTime", Field::start_time},
                                         {"CloseTime", Field::close_time},
                                         {"ExecutionDuration", Field::execution_duration},
                                         {"ParentWorkflowId", Field::parent_workflow_id},
                                         {"ParentRunId", Field::parent_run_id}}};

// What schedules set when they start a run.
constexpr std::string_view kScheduleId = "ScheduleId", kScheduledById = "ScheduledById",
                           kScheduledStartTime = "ScheduledStartTime";

struct Status {
  std::string_view shown, stored;
};
constexpr std::array<Status, 7> kStatusNames{{{"Running", "running"},
                                              {"Completed", "completed"},
                                              {"Failed", "failed"},
                                              {"Canceled", "canceled"},
                                              {"Terminated", "terminated"},
                                              {"ContinuedAsNew", "continued_as_new"},
                                              {"TimedOut", "timed_out"}}};

/// Small letters, without underscores.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

}  // namespace

Kind kind_of(Field field) {
  switch (field) {
    case Field::workflow_id:
    case Field::workflow_type:
    case Field::task_queue:
    case Field::parent_workflow_id: return Kind::text;
    case Field::run_id:
    case Field::parent_run_id: return Kind::id;
    case Field::execution_status: return Kind::status;
    case Field::start_time:
    case Field::close_time: return Kind::time;
    case Field::execution_duration: return Kind::length;
    case Field::attribute: break;
  }
  return Kind::attribute;
}

std::optional<Column> built_in_column(std::string_view name) {
  for (const auto& each : kFields)
    if (each.name == name) return Column{each.field};
  if (name == kScheduleId || name == kScheduledById) return Column{Field::attribute, std::string(kScheduledById)};
  if (name == kScheduledStartTime) return Column{Field::attribute, std::string(kScheduledStartTime)};
  return std::nullopt;
}

std::string built_in_names() {
  std::string out;
  for (const auto& each : kFields) out += std::string(each.name) + ", ";
  return out + std::string(kScheduleId) + ", " + std::string(kScheduledStartTime);
}

std::string column_name(const Column& column) {
  for (const auto& each : kFields)
    if (each.field == column.field) return std::string(each.name);
  return column.attribute == kScheduledById ? std::string(kScheduleId) : column.attribute;
}

std::string_view stored_status(std::string_view text) {
  const auto wanted = plain(text);
  for (const auto& each : kStatusNames)
    if (plain(each.shown) == wanted) return each.stored;
  return {};
}

std::string_view shown_status(std::string_view stored) {
  for (const auto& each : kStatusNames)
    if (each.stored == stored) return each.shown;
  return stored;
}

Filter operator&&(Filter a, Filter b) {
  if (a.matches_everything()) return b;
  if (b.matches_everything()) return a;
  if (a.test != Test::all_of) a = Filter{.test = Test::all_of, .parts = {std::move(a)}};
  if (b.test == Test::all_of)
    for (auto& part : b.parts) a.parts.push_back(std::move(part));
  else
    a.parts.push_back(std::move(b));
  return a;
}

Filter equals(Column column, Value value) {
  return {.test = Test::equals_any, .column = std::move(column), .values = {std::move(value)}};
}

}  // namespace holdfast::visibility
