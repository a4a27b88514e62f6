#pragma once

#include <stdexcept>

namespace holdfast {

/// Stored text (a history row, a failure) is not what this version writes or understands. The message says where.
struct HistoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace holdfast
