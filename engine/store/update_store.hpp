#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <holdfast/store/types.hpp>

namespace holdfast::store {

/// Updates that a run may have admitted or accepted and not completed at one time.
inline constexpr int kMaxOpenUpdates = 100;

struct NewUpdate {
  RunKey to;
  std::string update_id;  ///< 1 to 255 bytes, made by the sender: the idempotency key within the chain of the run
  std::string name;       ///< 1 to 255 bytes
  Payload input = "{}";
};

/// Names an update for ever: its run may change (continue-as-new), the first run of the chain does not.
struct UpdateKey {
  Uuid chain_id;  ///< run id of the first run of the chain
  std::string update_id;
  auto operator<=>(const UpdateKey&) const = default;
};

struct UpdateState {
  UpdateKey key;
  Uuid run_id;  ///< the run that has it
  std::string name;
  UpdateStage stage = UpdateStage::admitted;
  Payload result;                  ///< completed, and it succeeded
  std::optional<Failure> failure;  ///< rejected; completed, and it failed
  Timestamp admitted_at;
  std::optional<Timestamp> accepted_at, ended_at;
};

struct SentUpdate {
  SendStatus status = SendStatus::sent;
  UpdateState update;  ///< if it was sent, now or before: where it stands
};

/// The part of a store that concerns updates. What a step does to them is in its RunCommit.
class UpdateStore {
 public:
  virtual ~UpdateStore() = default;

  /// Admits an update to the open run of a chain: it is in the table and in the run's inbox, and the doorbell is rung.
  /// Idempotent on the update id, also after the run took it up, continued as new or closed: then nothing is sent, and
  /// the answer says where it stands. Order with messages of the same sender is kept. Throws InvalidArgument.
  virtual SentUpdate send_update(const NewUpdate& update) = 0;
  /// Those that exist, in any order. For waiting callers: cheap, by primary key.
  virtual std::vector<UpdateState> read_updates(std::span<const UpdateKey> keys) = 0;
  /// Updates of a run that are admitted or accepted, the oldest first.
  virtual std::vector<UpdateState> open_updates(const Uuid& run_id) = 0;
};

}  // namespace holdfast::store
