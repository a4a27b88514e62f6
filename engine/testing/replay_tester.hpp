#pragma once

#include <stdexcept>
#include <vector>

#include <holdfast/core/definition.hpp>
#include <holdfast/core/run.hpp>
#include <holdfast/store/store.hpp>

namespace holdfast::testing {

/// A run as it was recorded: what is needed to replay it.
struct RecordedRun {
  RunInfo info;
  std::vector<HistoryRow> rows;
};

/// The code does not do what the history says. The message names the cut and the events that differ.
struct ReplayError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads a run from a store, so that real histories can be kept as test data. Throws std::invalid_argument if there is
/// no such run.
RecordedRun record_run(store::Store& store, const Uuid& run_id);

/// One JSON object per run, and back: keep files of them beside the tests, and replay them with every later version
/// of the code. Reading throws HistoryError.
std::string encode_recorded_run(const RecordedRun& run);
RecordedRun decode_recorded_run(std::string_view json);

/// Replays the whole history once. Throws ReplayError.
void expect_replays(const WorkflowDefinition& definition, const RecordedRun& run);

/// Cuts the history behind every event, as if the worker had died there; replays the head and lets the code go on with
/// what reached the run later. Each time it must ask for exactly what the rest of the history says. Of a history of
/// more than 400 events only about 400 cuts are tried. Throws ReplayError.
void expect_replays_from_every_prefix(const WorkflowDefinition& definition, const RecordedRun& run);

}  // namespace holdfast::testing
