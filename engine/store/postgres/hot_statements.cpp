#include <holdfast/store/postgres/hot_statements.hpp>

#include <holdfast/store/postgres/activities.hpp>
#include <holdfast/store/postgres/families.hpp>
#include <holdfast/store/postgres/lane_commit.hpp>
#include <holdfast/store/postgres/lane_session.hpp>
#include <holdfast/store/postgres/limited_claims.hpp>
#include <holdfast/store/postgres/limits.hpp>
#include <holdfast/store/postgres/messages.hpp>
#include <holdfast/store/postgres/properties.hpp>
#include <holdfast/store/postgres/queries.hpp>
#include <holdfast/store/postgres/reading_verbs.hpp>
#include <holdfast/store/postgres/schedules.hpp>
#include <holdfast/store/postgres/starts.hpp>
#include <holdfast/store/postgres/updates.hpp>
#include <holdfast/store/postgres/workers.hpp>

namespace holdfast::store::postgres {

std::span<const Statement> hot_statements() {
  // Made at the first call: the constants of other files may not be initialised before this file's.
  static const Statement all[] = {kStartFreeRuns,
                                  kStartRuns,
                                  kStartRunsByPolicy,
                                  kSendMessages,
                                  kTerminateRun,
                                  kBeginStep,
                                  kClaimRuns,
                                  kResetDoorbells,
                                  kReadMessages,
                                  kReadOwnedMessages,
                                  kLoadHistories,
                                  kLoadTasks,
                                  kAwaitRuns,
                                  kCheckOwned,
                                  kAppendHistory,
                                  kConsumeMessages,
                                  kEndTasks,
                                  kWriteTasks,
                                  kCancelTasks,
                                  kCloseRuns,
                                  kParkRuns,
                                  kModifyProperties,
                                  kStartChildren,
                                  kAdoptChildren,
                                  kTellParents,
                                  kPartFromChildren,
                                  kRequestCancels,
                                  kRunErrands,
                                  kDueErrands,
                                  kContinueRuns,
                                  kMoveMessages,
                                  kAskQuery,
                                  kReadAnswers,
                                  kWithdrawQuery,
                                  kClaimQueries,
                                  kAnswerQueries,

                                  kSendUpdate,
                                  kReadUpdates,
                                  kOpenUpdates,
                                  kWriteUpdates,
                                  kEndUpdates,

                                  kClaimActivities,
                                  kFinishActivities,
                                  kHeartbeatActivities,
                                  kClaimExpiredActivities,
                                  kOwnedActivities,
                                  kFindLimited,
                                  kClaimLimited,
                                  kRingLimits,
                                  kExplainLimits,
                                  kRegisterWorker,
                                  kRenewLeases,
                                  kReleaseWorker,
                                  kTakeOverExpired,

                                  kClaimSchedules,
                                  kWatchedRuns,
                                  kStartScheduled,
                                  kAdvanceSchedules,
                                  kNextSchedule,
                                  kRequestSchedule,
                                  kHurrySchedules,
                                  kDescribeSchedule,
                                  kListSchedules,

                                  kPeek,
                                  kClosedRuns,
                                  kDescribeRun,
                                  kReadHistory,
                                  kPendingActivities};
  return all;
}

}  // namespace holdfast::store::postgres
