#pragma once

#include <string>

#include <holdfast/core/nothing.hpp>

namespace holdfast {

/// Names a signal and binds the type of what it carries. The name is stored in histories.
template <class T>
struct Signal {
  using Value = T;
  std::string name;
};

/// Names an update and binds the types of its input and its result. The name is stored in histories.
template <class In, class Out = Nothing>
struct Update {
  using Input = In;
  using Output = Out;
  std::string name;
};

/// Names a query and binds the types of its input and its answer.
template <class In, class Out>
struct Query {
  using Input = In;
  using Output = Out;
  std::string name;
};

/// Names a workflow type and binds its input and result types, for clients and workers alike.
template <class In, class Out>
struct WorkflowType {
  using Input = In;
  using Output = Out;
  std::string name;
  std::string task_queue = {};  ///< where clients start it unless they say otherwise
};

}  // namespace holdfast
