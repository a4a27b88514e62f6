#pragma once

#include <string>
#include <vector>

#include <holdfast/store/store.hpp>

namespace holdfast::client::test {

struct Ending {
  store::RunStatus status = store::RunStatus::completed;
  Payload result = {};
  std::optional<Failure> failure = {};
};

/// Plays the worker that claims and ends one run.
void close_run(store::Store& store, const Uuid& run_id, const Ending& ending);

}  // namespace holdfast::client::test
