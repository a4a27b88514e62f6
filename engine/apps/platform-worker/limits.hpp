#pragma once

#include <app/stop_signals.hpp>
#include <holdfast/store/store.hpp>
#include <holdfast/worker/config.hpp>

/// Makes the stored limits what the configuration declares, and logs what was changed. Waits for a database that is
/// away. False: told to stop meanwhile.
bool keep_limits(const holdfast::worker::WorkerConfig& config, holdfast::store::Store& store,
                 app::StopSignals& signals);
