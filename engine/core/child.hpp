#pragma once

#include <string>
#include <utility>

#include <holdfast/core/future.hpp>

namespace holdfast {

/// A child workflow that was asked for. Move-only; belongs to its run.
template <class Out>
class Child {
 public:
  explicit Child(detail::ChildFutures futures)
      : run_id_(futures.run_id),
        workflow_id_(std::move(futures.workflow_id)),
        started_(std::move(futures.started)),
        result_(std::move(futures.result)) {}

  /// Await it to know that the child exists; throws ChildWorkflowError (ChildWorkflowAlreadyStartedError) if it does
  /// not. Known within the task that asked for it.
  Future<Nothing>& started() { return started_; }
  /// Await it once for what the child returns; throws ChildWorkflowError, or CanceledError after cancel(). A child that
  /// continues as new ends with the last run of its chain.
  Future<Out>& result() { return result_; }
  /// Moves the result out, for when_all and the like.
  Future<Out> take_result() { return std::move(result_); }

  /// Asks the child to end; nothing if it has. What an await of its result does then: ChildOptions.
  void cancel() { result_.cancel(); }

  /// Its first run.
  const Uuid& run_id() const { return run_id_; }
  const std::string& workflow_id() const { return workflow_id_; }

 private:
  Uuid run_id_;
  std::string workflow_id_;
  Future<Nothing> started_;
  Future<Out> result_;
};

namespace detail {

inline command::StartChild child_command(const std::string& type, const std::string& queue_of_type,
                                         ChildOptions options) {
  command::StartChild start{};
  start.workflow_type = type;
  start.workflow_id = std::move(options.workflow_id);
  start.task_queue = options.task_queue.empty() ? queue_of_type : std::move(options.task_queue);
  start.parent_close_policy = options.parent_close_policy;
  start.reuse = options.reuse;
  start.execution_timeout = options.execution_timeout;
  start.memo = std::move(options.memo);
  start.search_attributes = std::move(options.search_attributes);
  return start;
}

}  // namespace detail
}  // namespace holdfast
