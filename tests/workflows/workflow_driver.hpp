#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/run.hpp>

namespace platform::test {

/// Drives a workflow with scripted activities and a clock that jumps from timer to timer, and keeps its history.
class WorkflowDriver {
 public:
  using Body = std::function<std::string(const std::string& input)>;  ///< returns JSON, or throws holdfast::Failure

  WorkflowDriver(holdfast::WorkflowDefinition definition, std::string input);

  /// What activity `name` does. The input arrives decoded; throw fail(...) to fail for good.
  template <class A, class F>
  WorkflowDriver& on(const A& activity, F body) {
    bodies_[activity.name] = [body](const std::string& input) {
      return holdfast::encode<typename A::Output>(body(holdfast::decode<typename A::Input>(input)));
    };
    return *this;
  }
  /// Runs to the end, then replays every prefix of the history and continues each to the same history.
  void run();

  bool completed() const { return failure_.type.empty() && !result_.empty(); }
  template <class T>
  T result() const {
    return holdfast::decode<T>(result_);
  }
  const holdfast::Failure& failure() const { return failure_; }
  /// Names of the activities in the order in which they were asked for.
  const std::vector<std::string>& calls() const { return calls_; }
  std::string calls_text() const;
  /// Activities that were asked for and whose outcome the workflow has not seen yet.
  std::size_t unseen_outcomes() const { return outcomes_.size(); }
  holdfast::Duration elapsed() const { return now_ - kStart; }
  /// Encoded bytes of all history rows: what one run writes.
  std::size_t history_bytes() const;

  static holdfast::Failure fail(std::string type, std::string message = "scripted");

 private:
  struct Recorded {
    holdfast::Timestamp at;
    holdfast::Event event;
  };
  void apply(const holdfast::Event& input);
  void take(const std::vector<holdfast::Command>& commands);
  void call(const holdfast::command::ScheduleActivity& activity);
  bool deliver_next();
  void expect_replays_from_every_prefix() const;
  holdfast::RunInfo info() const;

  static constexpr holdfast::Timestamp kStart{std::chrono::seconds(1'800'000'000)};
  holdfast::WorkflowDefinition definition_;
  std::string input_;
  holdfast::Run run_;
  std::map<std::string, Body> bodies_;
  std::vector<Recorded> history_;
  std::vector<holdfast::Event> outcomes_;  ///< of activities, in the order in which they were asked for
  std::vector<std::string> calls_;
  holdfast::Timestamp now_ = kStart;
  std::string result_;
  holdfast::Failure failure_;
};

}  // namespace platform::test
