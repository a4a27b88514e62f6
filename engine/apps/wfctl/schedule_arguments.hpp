#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <holdfast/client/schedules.hpp>

#include "run_arguments.hpp"

namespace wfctl {

class Session;

/// The options that say when a schedule fires.
struct SpecOptions {
  std::vector<std::string> cron, every, calendars, exclude;
  std::string start, end, jitter, time_zone, missing, doubled;

  void add_to(CLI::App& command);
  /// Replaces in `spec` what was given. Throws store::InvalidArgument naming the option.
  void apply(holdfast::schedule::ScheduleSpec& spec) const;
};

/// The options that say what a schedule does, and how.
struct DefinitionOptions {
  SpecOptions spec;
  InputOptions input;
  std::string definition_file, type, queue, timeout, overlap, catch_up, window, memo, attributes;
  std::optional<int> priority;
  std::optional<bool> pause_on_failure;
  std::optional<std::int64_t> limit_actions;

  void add_to(CLI::App& command);
  /// Replaces in `request` what was given.
  void apply(holdfast::client::ScheduleRequest& request) const;
};

/// --overlap of trigger and backfill.
void add_overlap(CLI::App& command, std::string& overlap);
std::optional<holdfast::schedule::Overlap> overlap_of(const std::string& text);

holdfast::client::Schedules schedules_of(Session& session);

/// Calls act for each id ("-": lines of standard input), and prints `done` with the id in the chosen form. Errors of
/// one id do not stop the others.
int for_each_id_done(Session& session, const std::vector<std::string>& ids, std::string_view done,
                     const std::function<void(const std::string&)>& act);

}  // namespace wfctl
