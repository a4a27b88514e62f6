#pragma once

#include <string>

#include <holdfast/core/failure.hpp>

namespace holdfast::worker {

/// The failure that the exception being handled stands for. Call it inside a catch block.
Failure failure_of_current_exception();
/// A payload above the limit: final, since repeating would give the same.
Failure oversized_failure(const std::string& what, std::size_t bytes, std::size_t limit);
/// For an attempt whose outcome the database does not store.
Failure refused_failure(std::string reason);
/// An attempt that exceeded a timeout; `timeout` as in "StartToClose".
Failure timeout_failure(const std::string& timeout);
/// What a run that was canceled tells its parent.
Failure canceled_failure();
/// The worker that ran the attempt died.
Failure worker_lost_failure();

}  // namespace holdfast::worker
