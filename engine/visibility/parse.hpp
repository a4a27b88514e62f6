#pragma once

#include <string_view>

#include <holdfast/visibility/errors.hpp>
#include <holdfast/visibility/filter.hpp>

namespace holdfast::visibility {

inline constexpr std::size_t kMaxFilterBytes = 16 << 10;
inline constexpr int kMaxDepth = 50;                  ///< of parentheses and NOT
inline constexpr std::size_t kMaxListedValues = 200;  ///< of one IN

/// Reads a filter (grammar: docs/filters.md); an empty text means every run. Throws FilterError.
Filter parse_filter(std::string_view text);

/// Reads what runs are counted by: ExecutionStatus, WorkflowType, TaskQueue, ScheduleId or a search attribute, in
/// back-ticks or not. Throws FilterError.
Column parse_group_by(std::string_view text);

}  // namespace holdfast::visibility
