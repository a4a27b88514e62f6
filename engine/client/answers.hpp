#pragma once

#include <string>
#include <string_view>

#include <holdfast/client/options.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

/// Internal to the client: the store's answers turned into return values and errors.
namespace holdfast::client {

/// "workflow "x" in namespace "y"", for messages.
std::string name_of(const store::RunKey& run);

/// Throws AlreadyStartedError when the policies forbade the start.
StartedRun started_or_throw(const store::NewRun& run, const store::StartResult& result);

/// Throws NotFoundError, RunClosedError. `verb`: what was tried, such as "signal".
void sent_or_throw(store::SendStatus status, const store::RunKey& run, std::string_view verb);

/// With a new message id unless the options name one.
/// Throws NotFoundError, RunClosedError, UpdateLimitError.
store::UpdateState sent_or_throw(store::SentUpdate sent, const store::RunKey& run);
store::NewUpdate new_update(const store::RunKey& run, std::string_view update, Payload input,
                            const UpdateOptions& options);
store::NewMessage signal_message(const store::RunKey& run, std::string_view signal, Payload input,
                                 const SignalOptions& options);

}  // namespace holdfast::client
