#pragma once

#include "scene.hpp"

namespace chaos {

/// Everything that must hold once every run has ended; failures are reported through GoogleTest.
void expect_every_run_ended_once(Scene& scene);
void expect_exact_usage(Scene& scene);
void expect_single_effects(Scene& scene);
void expect_histories_that_replay(Scene& scene);
void expect_healthy_doctor(Scene& scene);

}  // namespace chaos
