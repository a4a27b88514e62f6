#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace wfctl {

class Session;

/// What a command does once the command line is understood. Returns the exit code; errors are exceptions.
using Action = std::function<int(Session&)>;

/// Remembers which command was given. Commands only describe their options while parsing; they run afterwards.
class Chosen {
 public:
  void on(CLI::App& command, Action action) {
    command.callback([this, action = std::move(action)] { action_ = action; });
  }
  const Action& action() const { return action_; }

 private:
  Action action_;
};

// Each adds one command (with its options) to `parent`; one file per command.
void add_dev(CLI::App& parent, Chosen& chosen);
void add_migrate(CLI::App& parent, Chosen& chosen);
void add_run_list(CLI::App& parent, Chosen& chosen);
void add_run_count(CLI::App& parent, Chosen& chosen);
void add_run_describe(CLI::App& parent, Chosen& chosen);
void add_run_history(CLI::App& parent, Chosen& chosen);
void add_run_start(CLI::App& parent, Chosen& chosen);
void add_run_signal(CLI::App& parent, Chosen& chosen);
void add_run_update(CLI::App& parent, Chosen& chosen);
void add_run_query(CLI::App& parent, Chosen& chosen);
void add_run_cancel(CLI::App& parent, Chosen& chosen);
void add_run_terminate(CLI::App& parent, Chosen& chosen);
void add_run_result(CLI::App& parent, Chosen& chosen);
void add_schedule_changes(CLI::App& parent, Chosen& chosen);
void add_schedule_views(CLI::App& parent, Chosen& chosen);
void add_limits(CLI::App& parent, Chosen& chosen);
void add_worker_list(CLI::App& parent, Chosen& chosen);
void add_queue_list(CLI::App& parent, Chosen& chosen);
void add_doctor(CLI::App& parent, Chosen& chosen);
void add_version(CLI::App& parent, Chosen& chosen);

}  // namespace wfctl
