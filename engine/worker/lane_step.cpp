#include <algorithm>

#include <fmt/format.h>

#include <holdfast/worker/lane.hpp>

namespace holdfast::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kSweepInterval = std::chrono::seconds(3);
// So many owners in a row died with a run: the next one takes it with care.
constexpr int kSuspicious = 2;
constexpr auto kSuspectDelay = std::chrono::milliseconds(100);
// How long a run that is stepped alone waits for a row that somebody holds; and how long it is then left alone. The
// patience is a small part of the delays: somebody's long transaction must not hold up the other runs of the lane.
constexpr auto kPatienceAlone = std::chrono::milliseconds(50);
constexpr auto kFirstConflictDelay = std::chrono::milliseconds(25);
constexpr auto kLongestConflictDelay = std::chrono::seconds(2);

}  // namespace

void Lane::step() {
  if (!alone_.empty()) return step_alone();
  if (!has_work()) return;
  const auto transaction = session_->begin_step();
  step_now_ = transaction->now();
  step_now_at_ = Clock::now();
  Batch batch;
  try {
    if (!fill(batch, *transaction)) return;
    commit(batch, *transaction);
  } catch (const TransactionalFailed& failed) {
    ++env_.stats.batches_split;
    auto* const live = find(failed.run_id);
    // The claim of a run that was just claimed is rolled back: what happened is kept for when it is claimed again.
    auto& failures = live ? live->failed_transactional : suspects_[failed.run_id].failed_transactional;
    failures.emplace(failed.seq, failed.failure);
    split(batch, {});
    return;
  } catch (const store::Conflict& conflict) {
    ++env_.stats.batches_split;
    split(batch, conflict.runs);
    return;
  } catch (const store::StatementFailed& e) {
    ++env_.stats.batches_split;
    if (batch.runs.size() == 1 && batch.claimed.size() == 1 && !batch.suspect)
      suspects_[batch.runs[0]->info.run_id].refused = e.what();
    split(batch, {});
    return;
  } catch (const store::InDoubt&) {
    forget_claims(batch, true);
    note_doubt(batch);
    split(batch, {});
    throw;
  } catch (const store::Error&) {
    split(batch, {});
    throw;
  }
  after_commit(batch);
}

bool Lane::fill(Batch& batch, store::StepTransaction& transaction) {
  const auto room = static_cast<std::size_t>(env_.options.max_owned_runs);
  if (std::exchange(messages_wanted_, false)) take_messages(batch, transaction);
  std::vector<LiveRun*> to_rebuild;
  for (std::size_t taken = 0; !ready_.empty() && taken < static_cast<std::size_t>(env_.options.max_batch); ++taken) {
    const auto run_id = ready_.back();
    ready_.pop_back();
    auto* live = find(run_id);
    if (!live || !live->queued) continue;
    batch.runs.push_back(live);
    if (!live->run) to_rebuild.push_back(live);
  }
  if (claims_wanted_ && owned_.size() < room) claim(batch, transaction);
  for (auto& live : batch.claimed) {
    if (live.get() == batch.suspect) continue;
    batch.runs.push_back(live.get());
    if (!live->run) to_rebuild.push_back(live.get());
  }
  if (!to_rebuild.empty()) rebuild(batch, transaction, std::move(to_rebuild));
  for (auto* live : batch.runs) advance(batch, *live, transaction);
  if (!batch.children.empty()) start_children(batch, transaction);
  return !batch.runs.empty() || !batch.commit.runs.empty() || batch.doorbells_reset || batch.suspect;
}

void Lane::claim(Batch& batch, store::StepTransaction& transaction) {
  const auto room = static_cast<std::size_t>(env_.options.max_owned_runs) - owned_.size();
  const bool cautious = cautious_.load();
  const auto limit =
      cautious ? 1 : static_cast<int>(std::min<std::size_t>(room, static_cast<std::size_t>(claim_limit_)));
  const bool sweep = Clock::now() - last_sweep_ > kSweepInterval;
  if (sweep) last_sweep_ = Clock::now();
  auto claimed = transaction.claim_runs({.task_queues = env_.options.task_queues, .limit = limit, .full_sweep = sweep});
  claims_wanted_ = static_cast<int>(claimed.size()) == limit;
  std::vector<Uuid> rung;
  for (auto& info : claimed) {
    if (cautious || info.takeovers >= kSuspicious) {
      auto live = std::make_unique<LiveRun>();
      live->info = std::move(info);
      claim_suspect(batch, std::move(live));
      continue;
    }
    auto live = cache_.take(info.run_id);
    if (live && live->info.claims + 1 == info.claims) {
      ++env_.stats.cache_hits;
      if (info.rung) rung.push_back(info.run_id);
    } else {
      live = std::make_unique<LiveRun>();
      live->fresh = info.fresh && !info.rung;
    }
    live->info = std::move(info);
    live->queued = true;
    if (live->run) push_timers(batch, *live);
    if (const auto suspect = suspects_.find(live->info.run_id); suspect != suspects_.end()) {
      live->failed_transactional = std::move(suspect->second.failed_transactional);
      live->refused = std::move(suspect->second.refused);
      suspects_.erase(suspect);
    }
    if (live->fresh) {
      if (const auto* definition = env_.registry.workflow(live->info.workflow_type)) {
        live->run = std::make_unique<Run>(*definition, info_of(*live));
        push_timers(batch, *live);
      }
    }
    batch.claimed.push_back(std::move(live));
  }
  if (rung.empty()) return;
  for (auto& [run_id, messages] : transaction.read_messages(rung))
    for (auto& live : batch.claimed)
      if (live->info.run_id == run_id) adopt_messages(*live, messages);
}

/// A run that may kill this process: the claim is to be durable before its code is called, and it alone is to be
/// blamed.
void Lane::claim_suspect(Batch& batch, std::unique_ptr<LiveRun> live) {
  cache_.take(live->info.run_id);
  if (batch.suspect) {  // one at a time
    store::RunCommit back;
    back.run_id = live->info.run_id;
    back.next = store::NextState::parked;
    back.ready_at = step_now_ + kSuspectDelay;
    batch.commit.runs.push_back(std::move(back));
    return;
  }
  live->alone = true;
  batch.suspect = live.get();
  batch.claimed.push_back(std::move(live));
}

void Lane::take_messages(Batch& batch, store::StepTransaction& transaction) {
  for (const auto& [run_id, messages] : transaction.collect_messages()) {
    batch.doorbells_reset = true;
    if (auto* live = find(run_id)) {
      adopt_messages(*live, messages);
      queue(*live);
      continue;
    }
    // Owned by this lane, but not known to it: give it back rather than let it wait for ever.
    store::RunCommit commit;
    commit.run_id = run_id;
    commit.next = store::NextState::parked;
    commit.ready_at = step_now_;
    batch.commit.runs.push_back(std::move(commit));
  }
}

void Lane::commit(Batch& batch, store::StepTransaction& transaction) {
  transaction.commit(batch.commit);
  ++env_.stats.commits;
}

void Lane::after_commit(Batch& batch) {
  env_.stats.runs_claimed += static_cast<std::int64_t>(batch.claimed.size());
  claim_limit_ = std::min(claim_limit_ * 2, kMaxClaim);
  for (auto& live : batch.claimed) {
    const auto run_id = live->info.run_id;
    owned_[run_id] = std::move(live);
  }
  for (auto& job : batch.jobs)
    if (auto* live = find(job->key.run_id))
      live->local[job->key.seq] = {job->options, job->scheduled_at, job->has_row, job->dispatch};
  std::vector<Uuid> closed;
  const auto unknown = batch.commit.runs.size() - batch.runs.size();
  for (std::size_t i = 0; i < batch.runs.size(); ++i) {
    const auto& commit = batch.commit.runs[i + unknown];
    if (commit.next == store::NextState::closed) {
      closed.push_back(commit.run_id);
      if (const auto& info = batch.runs[i]->info; !info.scheduled.empty()) env_.on_scheduled_closed(info);
    }
    settle(batch, *batch.runs[i], commit);
  }
  if (batch.suspect) queue(*batch.suspect);
  for (const auto& timer : batch.timers)
    if (find(timer.run_id)) push_timer(timer);
  std::erase_if(batch.jobs, [this](const auto& job) { return !find(job->key.run_id); });  // closed at once
  env_.stats.local_activities += static_cast<std::int64_t>(batch.jobs.size());
  env_.pool.submit(std::move(batch.jobs));
  for (const auto& key : batch.cancels) {
    env_.pool.cancel(key, worker_id_);
    if (auto* live = find(key.run_id)) live->local.erase(key.seq);
  }
  tell_updated(batch);
  wake_families(batch);
  if (!batch.limited_queues.empty()) env_.on_limited(batch.limited_queues);
  if (!closed.empty()) {
    env_.stats.runs_closed += static_cast<std::int64_t>(closed.size());
    env_.on_closed(closed);
  }
}

void Lane::settle(Batch& batch, LiveRun& live, const store::RunCommit& commit) {
  if (!commit.events.empty()) ++env_.stats.workflow_tasks;
  live.inputs.erase(live.inputs.begin(), live.inputs.begin() + static_cast<std::ptrdiff_t>(live.applied));
  std::ranges::move(std::exchange(live.next_inputs, {}), std::back_inserter(live.inputs));
  live.applied = 0;
  live.new_tasks.clear();
  live.failed_transactional.clear();
  live.queued = live.alone = live.fresh = false;
  live.claim_in_doubt = live.timer_popped = false;
  live.conflicts = live.dispatching = 0;
  live.in_doubt.clear();
  live.unrecorded.clear();
  live.to_schedule.clear();
  live.to_resume.clear();
  const auto run_id = live.info.run_id;
  if (commit.next == store::NextState::owned) {
    if (!live.inputs.empty()) queue(live);
    return;
  }
  // What still runs for a run that is over is told to stop.
  for (const auto& [seq, attempt] : live.local) batch.cancels.push_back({run_id, seq, 1});
  auto node = owned_.extract(run_id);
  if (commit.next != store::NextState::parked) return;
  ++env_.stats.runs_parked;
  const bool failed = std::ranges::find(batch.failed_tasks, run_id) != batch.failed_tasks.end();
  if (!failed && live.run) cache_.put(std::move(node.mapped()));
}

void Lane::split(Batch& batch, const std::vector<Uuid>& culprits) {
  // Coroutines cannot be taken back: every run of the batch is rebuilt from the store. What had reached it stays in
  // `inputs` and is applied again, each run in a transaction of its own, so that one bad run cannot hold up the others.
  forget_claims(batch, false);
  for (auto* live : batch.runs) {
    live->run.reset();
    live->alone = true;
    live->queued = false;
    const bool blamed = std::ranges::find(culprits, live->info.run_id) != culprits.end();
    if (blamed && ++live->conflicts > 1)
      try_again_later(*live);  // somebody's long transaction holds it, or messages keep coming
    else
      queue(*live);
  }
}

void Lane::try_again_later(LiveRun& live) {
  const auto doublings = std::min(live.conflicts - 2, 10);
  const auto delay = std::min<Duration>(kLongestConflictDelay, kFirstConflictDelay * (1 << doublings));
  push_timer({database_now() + delay, live.info.run_id, 0, TimerKind::retry_alone});
}

/// What was to begin after the commit has not begun, whatever became of the commit.
void Lane::note_doubt(const Batch& batch) {
  for (const auto& job : batch.jobs)
    if (auto* live = find(job->key.run_id)) live->in_doubt.insert(job->key.seq);
}

void Lane::forget_claims(Batch& batch, bool in_doubt) {
  for (auto& live : batch.claimed) {
    std::erase(batch.runs, live.get());
    if (!in_doubt) continue;
    // The claim may have been committed: keep the run until the store says that it is not ours.
    live->run.reset();
    live->alone = live->claim_in_doubt = true;
    live->queued = false;
    live->fresh = false;
    auto& slot = owned_[live->info.run_id];
    slot = std::move(live);
    queue(*slot);
  }
  // Smaller and smaller claims, until those that cannot be carried out stand alone.
  if (!batch.claimed.empty()) claim_limit_ = std::max(1, claim_limit_ / 2);
  batch.claimed.clear();
  claims_wanted_ = true;
}

void Lane::step_alone() {
  const auto transaction = session_->begin_step(kPatienceAlone);
  step_now_ = transaction->now();
  step_now_at_ = Clock::now();
  const auto run_id = alone_.front();
  alone_.pop_front();
  auto* const live = find(run_id);
  if (!live) return;
  Batch batch;
  batch.runs.push_back(live);
  try {
    if (live->claim_in_doubt) transaction->await_runs({&run_id, 1});
    // Its bell may be what the last commit failed for: a run cannot close while it is rung.
    take_messages(batch, *transaction);
    rebuild(batch, *transaction, {live});
    if (!batch.runs.empty()) advance(batch, *live, *transaction);  // else not ours any more: rebuild() dropped it
    if (!batch.children.empty()) start_children(batch, *transaction);
    if (batch.runs.empty() && batch.commit.runs.empty() && !batch.doorbells_reset) return;
    commit(batch, *transaction);
  } catch (const TransactionalFailed& failed) {
    live->failed_transactional.emplace(failed.seq, failed.failure);
    split(batch, {});
    return;
  } catch (const store::Conflict&) {
    split(batch, {run_id});
    return;
  } catch (const store::StatementFailed& e) {
    // PostgreSQL refuses what this run wants to write (a payload that is no JSON for it, say): blocked, and visible.
    live->refused = e.what();
    split(batch, {run_id});
    return;
  } catch (const store::InDoubt&) {
    note_doubt(batch);
    split(batch, {});
    throw;
  } catch (const store::Error&) {
    split(batch, {});
    throw;
  }
  after_commit(batch);
}

}  // namespace holdfast::worker
