#include "exit_code.hpp"

#include <CLI/Error.hpp>

#include <holdfast/client/errors.hpp>
#include <holdfast/store/errors.hpp>
#include <holdfast/visibility/errors.hpp>

namespace wfctl {
namespace {

template <class... Kinds>
bool is_any(const std::exception& error) {
  return (... || (dynamic_cast<const Kinds*>(&error) != nullptr));
}

}  // namespace

int exit_code_of(const std::exception& error) {
  namespace client = holdfast::client;
  namespace store = holdfast::store;
  if (is_any<CLI::Error, store::InvalidArgument, holdfast::visibility::FilterError>(error)) return kUsage;
  if (is_any<client::NotFoundError>(error)) return kNotFound;
  if (is_any<client::WorkflowFailedError, client::UpdateRejectedError, client::UpdateFailedError,
             client::QueryFailedError>(error))
    return kRunUnsuccessful;
  if (is_any<client::AlreadyStartedError, client::RunClosedError, client::ScheduleExistsError,
             client::ScheduleChangedError, client::UpdateLimitError>(error))
    return kConflict;
  if (is_any<client::ResultTimeoutError, client::UpdateTimeoutError, client::QueryTimeoutError>(error)) return kTimeout;
  if (is_any<store::Unavailable, store::InDoubt, store::SchemaMismatch>(error)) return kDatabase;
  return kError;
}

}  // namespace wfctl
