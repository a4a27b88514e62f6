#include <holdfast/testing/replay_tester.hpp>

#include <algorithm>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/history_error.hpp>
#include <holdfast/core/json_reader.hpp>
#include <holdfast/core/json_text.hpp>

namespace holdfast::testing {
namespace {

constexpr std::size_t kMaxCuts = 400;

/// An event and the time at which it was handled, row boundaries removed.
struct Line {
  Timestamp at;
  std::size_t row;
  Event event;
};

std::vector<Line> lines_of(const RecordedRun& run) {
  std::vector<Line> lines;
  for (std::size_t row = 0; row < run.rows.size(); ++row) {
    for (Event& event : decode_events(run.rows[row].events)) lines.push_back({run.rows[row].at, row, std::move(event)});
  }
  return lines;
}

std::string text_of(const Event& event) {
  std::string out;
  append_event(out, event);
  return out;
}

/// One attempt: a run whose history ends behind event `cut`.
class Attempt {
 public:
  Attempt(const WorkflowDefinition& definition, const RecordedRun& run, const std::vector<Line>& lines, std::size_t cut)
      : lines_(lines), cut_(cut), run_(definition, run.info) {}

  void check() {
    replay_head();
    std::vector<Command> asked = run_.take_unrecorded();
    for (;;) {
      compare(asked);
      if (next_ == lines_.size()) return;
      const Line& line = lines_[next_];
      if (is_command_event(line.event)) fail("the code asked for nothing, history says " + text_of(line.event));
      ++next_;
      asked = run_.apply(line.at, line.event);
    }
  }

 private:
  void replay_head() {
    while (next_ < cut_) {
      const std::size_t first = next_;
      std::vector<Event> row;
      while (next_ < cut_ && lines_[next_].row == lines_[first].row) row.push_back(lines_[next_++].event);
      run_.replay(lines_[first].at, static_cast<EventId>(first) + 1, row);
    }
  }

  void compare(const std::vector<Command>& asked) {
    for (const Command& command : asked) {
      const std::string said = text_of(to_event(command));
      if (next_ == lines_.size()) {
        if (lines_.empty() || closed()) fail("the code asked for " + said + " after the end");
        return;  // the history was recorded before this was
      }
      const std::string recorded = text_of(lines_[next_].event);
      if (said != recorded) fail("the code asked for " + said + ", history says " + recorded);
      ++next_;
    }
  }

  bool closed() const {
    const auto name = event_name(lines_.back().event);
    return name == "WorkflowCompleted" || name == "WorkflowFailed" || name == "WorkflowCanceled" ||
           name == "WorkflowContinuedAsNew" || name == "WorkflowTimedOut" || name == "WorkflowTerminated";
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw ReplayError("cut behind event " + std::to_string(cut_) + " of " + std::to_string(lines_.size()) +
                      ", at event " + std::to_string(next_ + 1) + ": " + what);
  }

  const std::vector<Line>& lines_;
  const std::size_t cut_;
  Run run_;
  std::size_t next_ = 0;
};

void check_cut(const WorkflowDefinition& definition, const RecordedRun& run, const std::vector<Line>& lines,
               std::size_t cut) {
  try {
    Attempt(definition, run, lines, cut).check();
  } catch (const ReplayError&) {
    throw;
  } catch (const std::exception& error) {
    throw ReplayError("cut behind event " + std::to_string(cut) + " of " + std::to_string(lines.size()) + ": " +
                      error.what());
  }
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += out.size() > 1 ? "," : "";
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
}

HistoryRow decode_row(JsonReader& in) {
  HistoryRow row;
  in.object([&](std::string_view key) {
    if (key == "event_id") {
      row.first_event_id = in.integer();
    } else if (key == "at") {
      row.at = parse_rfc3339(in.string());
    } else if (key == "events") {
      row.events = in.raw();
    } else {
      in.skip();
    }
  });
  return row;
}

}  // namespace

RecordedRun record_run(store::Store& store, const Uuid& run_id) {
  store::RunKey key;
  key.run_id = run_id;
  const auto found = store.describe_run(key);
  if (!found) throw std::invalid_argument("there is no run " + run_id.to_string());
  RecordedRun run;
  run.info = {.run_id = run_id,
              .workflow_id = found->summary.workflow_id,
              .workflow_type = found->summary.workflow_type,
              .task_queue = found->summary.task_queue,
              .input = found->input,
              .started_at = found->summary.started_at,
              .scheduled = found->scheduled};
  constexpr int kPage = 1000;
  for (;;) {
    const EventId next = run.rows.empty() ? 1 : run.rows.back().first_event_id + 1;
    auto rows = store.read_history(run_id, next, kPage);
    std::ranges::move(rows, std::back_inserter(run.rows));
    if (std::ssize(rows) < kPage) return run;
  }
}

std::string encode_recorded_run(const RecordedRun& run) {
  std::string out = "{";
  append_member(out, "run_id", run.info.run_id.to_string());
  append_member(out, "workflow_id", run.info.workflow_id);
  append_member(out, "workflow_type", run.info.workflow_type);
  append_member(out, "task_queue", run.info.task_queue);
  append_member(out, "started_at", to_rfc3339(run.info.started_at));
  if (!run.info.scheduled.empty()) out += ",\"scheduled\":" + run.info.scheduled;
  out += ",\"input\":" + run.info.input + ",\"rows\":[";
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    std::string row = "{";
    append_member(row, "at", to_rfc3339(run.rows[i].at));
    row += ",\"event_id\":" + std::to_string(run.rows[i].first_event_id) + ",\"events\":" + run.rows[i].events + "}";
    out += (i > 0 ? ",\n" : "\n") + row;
  }
  return out + "\n]}\n";
}

RecordedRun decode_recorded_run(std::string_view json) {
  RecordedRun run;
  JsonReader in(json);
  try {
    in.object([&](std::string_view key) {
      if (key == "run_id") {
        run.info.run_id = Uuid::parse(in.string());
      } else if (key == "workflow_id") {
        run.info.workflow_id = in.string();
      } else if (key == "workflow_type") {
        run.info.workflow_type = in.string();
      } else if (key == "task_queue") {
        run.info.task_queue = in.string();
      } else if (key == "started_at") {
        run.info.started_at = parse_rfc3339(in.string());
      } else if (key == "input") {
        run.info.input = in.raw();
      } else if (key == "scheduled") {
        run.info.scheduled = in.raw();
      } else if (key == "rows") {
        in.array([&] { run.rows.push_back(decode_row(in)); });
      } else {
        in.skip();
      }
    });
    in.end();
  } catch (const std::invalid_argument& error) {
    throw HistoryError(error.what());
  }
  return run;
}

void expect_replays(const WorkflowDefinition& definition, const RecordedRun& run) {
  const auto lines = lines_of(run);
  check_cut(definition, run, lines, lines.size());
}

void expect_replays_from_every_prefix(const WorkflowDefinition& definition, const RecordedRun& run) {
  const auto lines = lines_of(run);
  const std::size_t stride = lines.size() / kMaxCuts + 1;
  for (std::size_t cut = 0; cut < lines.size(); cut += stride) check_cut(definition, run, lines, cut);
  check_cut(definition, run, lines, lines.size());
}

}  // namespace holdfast::testing
