#include <holdfast/worker/failures.hpp>

#include <exception>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>

namespace holdfast::worker {
namespace {

Failure make(FailureKind kind, std::string type, std::string message, bool non_retryable = false) {
  Failure failure;
  failure.kind = kind;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.non_retryable = non_retryable;
  return failure;
}

// A message is stored as JSON text: whatever a library put into what() must not make the commit fail.
std::string printable(std::string text) {
  constexpr std::size_t kMaxMessage = 8192;
  if (text.size() > kMaxMessage) text.resize(kMaxMessage);
  if (is_valid_utf8(text)) return text;
  for (auto& c : text)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return text;
}

}  // namespace

Failure failure_of_current_exception() {
  try {
    throw;
  } catch (const FailureError& e) {
    auto failure = e.failure();
    failure.message = printable(std::move(failure.message));
    failure.type = printable(std::move(failure.type));
    return failure;
  } catch (const CodecError& e) {
    // The input does not fit what this body takes, or its result cannot be written: the same again next time.
    return make(FailureKind::application, "CodecError", printable(e.what()), true);
  } catch (const std::exception& e) {
    return make(FailureKind::application, "Error", printable(e.what()));
  } catch (...) {
    return make(FailureKind::application, "Error", "an exception that is not a std::exception");
  }
}

Failure oversized_failure(const std::string& what, std::size_t bytes, std::size_t limit) {
  return make(FailureKind::application, "PayloadTooLarge",
              what + " is " + std::to_string(bytes) + " bytes; allowed: at most " + std::to_string(limit), true);
}

Failure refused_failure(std::string reason) {
  return make(FailureKind::application, "OutcomeRefused",
              "the database refuses its outcome: " + printable(std::move(reason)), true);
}

Failure timeout_failure(const std::string& timeout) {
  const bool final = timeout == "ScheduleToStart" || timeout == "ScheduleToClose";
  return make(FailureKind::timeout, timeout, timeout + " timeout", final);
}

Failure canceled_failure() { return make(FailureKind::canceled, "Canceled", "the run was canceled"); }

Failure worker_lost_failure() {
  return make(FailureKind::worker_lost, "WorkerLost", "the worker that ran this attempt died");
}

}  // namespace holdfast::worker
