#pragma once

#include <span>
#include <string>
#include <vector>

#include <holdfast/client/schedules.hpp>

namespace holdfast::client {

/// A schedule that a configuration declares.
struct DeclaredSchedule {
  std::string id;
  ScheduleRequest request;
  bool paused = false;  ///< when it is created; afterwards operators decide
  std::string note;
};

struct ReconciliationReport {
  std::vector<std::string> created, updated, removed;
  std::vector<std::string> undeclared;  ///< of this origin, but not declared (any more), and left alone
  int unchanged = 0;
};

/// Makes the schedules of `origin` what is declared: creates what is missing, updates what says something else, and
/// deletes (`delete_removed`) or reports what is not declared any more. Pauses and their notes are never touched, nor
/// are schedules of another origin, except that a declared id updates whatever schedule has it. Several processes may
/// do it at the same time. Throws what Schedules throws.
ReconciliationReport reconcile(const Schedules& schedules, std::span<const DeclaredSchedule> declared,
                               const std::string& origin, bool delete_removed);

}  // namespace holdfast::client
