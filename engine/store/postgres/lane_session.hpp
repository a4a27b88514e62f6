#pragma once

#include <memory>

#include <pqxx/dbtransaction>

#include <holdfast/store/postgres/connection_pool.hpp>
#include <holdfast/store/postgres/moving_bound.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kBeginStep;
extern const Statement kClaimRuns;
extern const Statement kResetDoorbells;
extern const Statement kReadMessages;
extern const Statement kReadOwnedMessages;
extern const Statement kLoadHistories;
extern const Statement kLoadTasks;
extern const Statement kAwaitRuns;

/// What a lane keeps between its steps.
struct LaneState {
  PostgresOptions options;
  WorkerId worker;
  std::unique_ptr<Connection> connection;  ///< null: connect at the next step
  ConnectBackoff backoff;
  MovingBound bound;
  std::size_t claims_made = 0;
  SharedBounds* shared;       ///< the store's
  std::vector<Uuid> errands;  ///< left by earlier commits: their runs' rows were held for long
};

/// A transaction whose BEGIN, settings, lease check and clock are one round trip.
class StepWork final : public pqxx::dbtransaction {
 public:
  StepWork(pqxx::connection_base& connection, std::string begin)
      : namedclass("step"), dbtransaction(connection), begin_(std::move(begin)) {
    Begin();
  }
  ~StepWork() override { End(); }

  /// The row that the last statement of `begin` returned.
  pqxx::row first_row() const { return first_[0]; }

 private:
  void do_begin() override { first_ = direct_exec(begin_.c_str()); }
  void do_commit() override;

  std::string begin_;
  pqxx::result first_;
};

class PostgresStep final : public StepTransaction, private BusinessTransaction {
 public:
  /// Opens the transaction. Throws LeaseLost, Unavailable.
  PostgresStep(LaneState& lane, std::optional<std::chrono::milliseconds> patience);
  ~PostgresStep() override;

  Timestamp now() const override { return now_; }
  std::vector<ClaimedRun> claim_runs(const ClaimRequest& request) override;
  std::vector<RunMessages> collect_messages() override;
  std::vector<RunState> load_runs(std::span<const Uuid> run_ids) override;
  void await_runs(std::span<const Uuid> run_ids) override;
  std::vector<RunMessages> read_messages(std::span<const Uuid> run_ids) override;
  std::vector<StartResult> start_children(std::span<const NewChild> children) override;
  BusinessTransaction& business() override { return *this; }
  void commit(const CommitBatch& batch) override;

 private:
  pqxx::transaction_base& postgres() override { return *work_; }
  bool broken() const override;
  bool obstructed() const override;

  pqxx::result run(const Statement& statement, const Parameters& parameters);
  /// After the commit, one transaction each.
  void run_errands(std::vector<Uuid> left);
  /// f() with what libpqxx throws turned into the store's errors.
  template <class F>
  auto guarded(F f);

  LaneState& lane_;
  std::unique_ptr<StepWork> work_;
  Timestamp now_;
};

template <class F>
auto PostgresStep::guarded(F f) {
  try {
    return f();
  } catch (const pqxx::pqxx_exception&) {
    try {
      rethrow(*lane_.connection, false);
    } catch (const Contention& error) {
      // Somebody holds a row of ours for long, or was faster. Which run it was is not known here.
      throw Conflict(error.what(), {});
    }
  }
}

}  // namespace holdfast::store::postgres
