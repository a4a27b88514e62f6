#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace holdfast {

/// What a start does when a *closed* run has the workflow id.
enum class IdReusePolicy : std::uint8_t { allow_duplicate, allow_duplicate_failed_only, reject_duplicate };

/// What becomes of an open child when its parent's run closes, in the same commit.
enum class ParentClosePolicy : std::uint8_t {
  terminate,       ///< it ends at once, without running its code
  abandon,         ///< it goes on
  request_cancel,  ///< its code sees a cancel request, and may clean up
};
std::string_view to_string(ParentClosePolicy policy);
/// Throws std::invalid_argument.
ParentClosePolicy parse_parent_close_policy(std::string_view text);

/// How a child workflow is started. What is not allowed (a workflow id above 1000 bytes, say) fails the start with a
/// ChildWorkflowError whose cause says what; nothing here makes a workflow task fail.
struct ChildOptions {
  std::string workflow_id = {};  ///< empty: "<run id of the parent>.<command number>"
  std::string task_queue = {};   ///< empty: that of the workflow type, or else the parent's
  ParentClosePolicy parent_close_policy = ParentClosePolicy::terminate;
  IdReusePolicy reuse = IdReusePolicy::allow_duplicate;
  std::optional<Duration> execution_timeout = {};  ///< from its start, over its whole chain of runs
  std::string memo = {};                           ///< JSON object, or empty
  std::string search_attributes = {};              ///< JSON object, or empty
  /// Canceling the child (or the parent's run) asks it to end. true: its result then is awaited until it has ended,
  /// so that it can clean up. false: the await throws CanceledError at once, and the child ends in its own time.
  bool wait_for_cancellation = true;
};

}  // namespace holdfast
