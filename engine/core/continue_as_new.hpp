#pragma once

#include <coroutine>
#include <string>
#include <utility>

#include <holdfast/core/event.hpp>

namespace holdfast {

/// Leaves a workflow function to end its run and start the next one: see Context::continue_as_new. Not derived from
/// std::exception, so that code which catches failures does not catch it by accident.
class ContinueAsNew {
 public:
  ContinueAsNew(std::string workflow_type, Payload input)
      : workflow_type_(std::move(workflow_type)), input_(std::move(input)) {}

  const std::string& workflow_type() const { return workflow_type_; }  ///< empty: the same as before
  const Payload& input() const { return input_; }

  using EngineAwaitable = void;
  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<>) const {}
  [[noreturn]] void await_resume() const { throw *this; }

 private:
  std::string workflow_type_;
  Payload input_;
};

}  // namespace holdfast
