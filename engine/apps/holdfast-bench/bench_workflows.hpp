#pragma once

#include <cstdint>
#include <string>

#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/worker/registry.hpp>

namespace bench {

struct Text {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

struct StepInput {
  std::int64_t step = 0;
};
BOOST_DESCRIBE_STRUCT(StepInput, (), (step))

struct ChainInput {
  std::int64_t steps = 0;
  std::int64_t milliseconds = 0;  ///< that each step takes
};
BOOST_DESCRIBE_STRUCT(ChainInput, (), (steps, milliseconds))

struct SleepInput {
  std::int64_t milliseconds = 0;
};
BOOST_DESCRIBE_STRUCT(SleepInput, (), (milliseconds))

/// Does nothing, and returns about 200 bytes.
inline const holdfast::Activity<StepInput, Text> step{"step", {.start_to_close = std::chrono::seconds(30)}};
/// Takes as long as it is told to.
inline const holdfast::Activity<SleepInput, Text> pause{"pause", {.start_to_close = std::chrono::seconds(30)}};

inline const holdfast::Signal<Text> wake_up{"wake_up"};

/// Eight steps, one after the other.
inline const holdfast::WorkflowType<Text, Text> kSteps8{"Steps8", "default"};
/// One step.
inline const holdfast::WorkflowType<Text, Text> kJob{"Job", "default"};
/// One step under the limit key that is its input.
inline const holdfast::WorkflowType<Text, Text> kKeyedJob{"KeyedJob", "default"};
/// Any number of steps that take time.
inline const holdfast::WorkflowType<ChainInput, Text> kChain{"Chain", "default"};
/// A timer.
inline const holdfast::WorkflowType<SleepInput, Text> kSleeper{"Sleeper", "default"};
/// Waits for a signal.
inline const holdfast::WorkflowType<Text, Text> kWaiter{"Waiter", "default"};

holdfast::Workflow<Text> chain(holdfast::Context ctx, ChainInput in);

/// All of them, with their bodies.
void register_bench_workflows(holdfast::worker::Registry& registry);

}  // namespace bench
