#pragma once

#include <optional>
#include <string>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/store/types.hpp>

namespace holdfast::client {

struct ClientOptions {
  /// For calls that name none.
  std::string namespace_ = "default";
  /// Recorded with what an operator does (terminate). Empty: "<user>@<host>:<pid>" is made up.
  std::string identity = {};
  /// Off: the client sends no NOTIFY and listens to none; everything is found by polling. For poolers in transaction
  /// mode and for databases where NOTIFY is unwanted.
  bool notify = true;
};

struct StartOptions {
  std::string namespace_ = {};               ///< empty: the client's
  std::string task_queue = {};               ///< empty: the workflow type's, else "default"
  int priority = 3;                          ///< 1 (first) to 5
  std::optional<Duration> start_delay = {};  ///< not before this long from now
  std::optional<Duration> execution_timeout = {};
  store::IdReusePolicy reuse = store::IdReusePolicy::allow_duplicate;
  store::IdConflictPolicy conflict = store::IdConflictPolicy::fail;
  Payload memo = {};               ///< a JSON object, or empty
  Payload search_attributes = {};  ///< a JSON object, or empty
  Uuid run_id = {};                ///< nil: a new one. Repeating a start with the same run id starts once
};

/// A start by names and JSON text.
struct StartRequest {
  std::string workflow_type;
  std::string workflow_id;
  Payload input = "{}";
  StartOptions options = {};
};

/// What a start gave: a new run, or the open one that IdConflictPolicy::use_existing allowed.
struct StartedRun {
  store::RunKey run;
  bool existing = false;
};

struct SignalOptions {
  Uuid message_id = {};         ///< nil: a new one. Repeating a signal with the same message id delivers it once
  std::string task_queue = {};  ///< the run's queue when known: only its workers are woken, instead of all
};

struct UpdateOptions {
  /// 1 to 255 bytes: the idempotency key within the chain of the run. Empty: a new one is made.
  std::string update_id = {};
  /// What to wait for: admitted (it is durable; at once), accepted (the validator let it pass) or completed.
  store::UpdateStage wait = store::UpdateStage::accepted;
  Duration timeout = std::chrono::seconds(30);  ///< for this wait
  std::string task_queue = {};                  ///< the run's queue when known: only its workers are woken
};

}  // namespace holdfast::client
