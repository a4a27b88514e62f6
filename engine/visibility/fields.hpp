#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/visibility/filter.hpp>

// The names that filters know without anybody setting them.
namespace holdfast::visibility {

/// How the values of a field are written and compared.
enum class Kind : std::uint8_t { text, id, status, time, length, attribute };
Kind kind_of(Field field);

/// nullopt: no field has this name.
std::optional<Column> built_in_column(std::string_view name);
/// All names, for messages: "WorkflowId, RunId, ...".
std::string built_in_names();

/// The stored name ("timed_out") of "TimedOut", "timed_out", "timedout"; empty: there is no such status.
std::string_view stored_status(std::string_view text);
/// "TimedOut" of "timed_out".
std::string_view shown_status(std::string_view stored);
inline constexpr std::string_view kStatuses =
    "Running, Completed, Failed, Canceled, Terminated, ContinuedAsNew, TimedOut";

}  // namespace holdfast::visibility
