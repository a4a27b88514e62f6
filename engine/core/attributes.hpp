#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/event.hpp>

/// What a run carries along for people who look for it. **Search attributes** are small typed values that list filters
/// compare (docs/filters.md); the **memo** is any JSON, for reading only. Both are JSON objects, set at the start and
/// changed by the run's code.
namespace holdfast {

// As in the field (docs/filters.md).
inline constexpr std::size_t kMaxAttributes = 100;
inline constexpr std::size_t kMaxAttributeNameBytes = 255;
inline constexpr std::size_t kMaxAttributeBytes = 2 << 10;    ///< of one value, as JSON text
inline constexpr std::size_t kMaxAttributesBytes = 40 << 10;  ///< of all together, as JSON text
inline constexpr std::size_t kMaxMemoBytes = std::size_t{2} << 20;

/// Names that mean something of their own in list filters, whatever their case: no attribute has one of them.
inline constexpr std::array<std::string_view, 19> kBuiltInAttributes{
    "WorkflowId",        "RunId",         "WorkflowType",      "TaskQueue",
    "ExecutionStatus",   "StartTime",     "CloseTime",         "ExecutionTime",
    "ExecutionDuration", "HistoryLength", "HistorySizeBytes",  "StateTransitionCount",
    "ParentWorkflowId",  "ParentRunId",   "RootWorkflowId",    "RootRunId",
    "ScheduleId",        "ScheduledById", "ScheduledStartTime"};
/// The built-in name that `name` is, or is with other capital letters; empty: it is none.
std::string_view built_in_attribute(std::string_view name);
/// [A-Za-z_][A-Za-z0-9_.-]* of at most kMaxAttributeNameBytes bytes.
bool is_attribute_name(std::string_view name);

/// Throws std::invalid_argument that names the attribute, what is wrong and what is allowed, unless `json` is empty or
/// an object of attributes: strings, booleans, numbers, lists of strings, and null (not set; in a change: removed).
void check_search_attributes(std::string_view json);
/// The same for a memo: any object that jsonb can hold.
void check_memo(std::string_view json);

/// What both checks have in common: an object that jsonb can hold, of at most `max_bytes` bytes.
void check_json_object(std::string_view field, std::string_view json, std::size_t max_bytes);

/// The members of a JSON object, each value as JSON text. "null" in a change removes the member.
using Properties = std::map<std::string, Payload>;
/// Of an empty text: none. Throws HistoryError if it is no object.
Properties read_properties(std::string_view json);
/// An object; `{}` if there are none.
Payload write_properties(const Properties& properties);
/// `changes` over `properties`; returns what is left set.
Properties changed_properties(Properties properties, const Properties& changes);

/// Search attributes or a memo, member by member:
/// `ctx.upsert_search_attributes(Attributes().set("Stage", "billing").set("Cents", 450).remove("Reviewer"))`.
/// What is not allowed is reported where it is used. A value; not thread-safe.
class Attributes {
 public:
  Attributes& set(std::string name, std::string_view value);
  Attributes& set(std::string name, const char* value) { return set(std::move(name), std::string_view(value)); }
  Attributes& set(std::string name, bool value);
  Attributes& set(std::string name, int value) { return set(std::move(name), std::int64_t{value}); }
  Attributes& set(std::string name, std::int64_t value);
  /// Throws std::invalid_argument for what is not finite.
  Attributes& set(std::string name, double value);
  /// RFC 3339 in UTC.
  Attributes& set(std::string name, Timestamp value);
  Attributes& set(std::string name, const std::vector<std::string>& values);
  /// Of a change: takes the member away, if it is there.
  Attributes& remove(std::string name);

  Payload json() const { return write_properties(members_); }

 private:
  Properties members_;
};

}  // namespace holdfast
