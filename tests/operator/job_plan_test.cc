#include <gtest/gtest.h>

#include "controllers/job/plan.h"
#include "controllers/job/status.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using api::PlacementState;
using api::PodPhase;
using api::ReleaseCause;
using testing::JobBuilder;

std::string Phase(const JobActions& actions) {
  return actions.status ? actions.status->phase : "(no write)";
}

// ---- Templates ----

TEST(JobPlan, WhatOthersForbidIsAskedAgainInTimeAndToldMeanwhile) {
  JobBuilder job;
  job.Task("main", 2);
  job.made(0).state = state::TemplateState::kRefused;
  job.made(0).refusal = "no service account";
  job.made(0).retry_at_ms = job.facts.boot_ms + 700;
  JobActions actions = job.Plan();
  EXPECT_TRUE(actions.ask_templates.empty());
  EXPECT_EQ(actions.wake_in_ms, 700);
  EXPECT_EQ(actions.status->reason, "Misconfigured");
  job.made(0).retry_at_ms = job.facts.boot_ms;
  actions = job.Plan();
  EXPECT_EQ(actions.ask_templates, std::vector<std::int32_t>{0});
  EXPECT_EQ(actions.status->message, "no service account");
}

TEST(JobPlan, WhatIsWrongWithTheTemplateItselfIsNotAskedAgain) {
  JobBuilder job;
  job.Task("main", 2);
  job.made(0).state = state::TemplateState::kRefused;
  job.made(0).refusal = "labels must be an object";
  EXPECT_TRUE(job.Plan().ask_templates.empty());
}

// ---- Commit ----

TEST(JobPlan, AGangIsCommittedBeforeAnyPodExists) {
  JobBuilder job;
  const JobActions actions = job.Task("main", 3).Decided("a", "0-2").Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Scheduling");
  EXPECT_EQ(actions.status->placement->state, PlacementState::kCommitted);
  EXPECT_EQ(actions.status->attempt, 1);
  EXPECT_EQ(actions.status->epoch, 7);
  EXPECT_TRUE(actions.creates.empty());
}

TEST(JobPlan, ACommittedGangGetsItsMissingPodsAndItsService) {
  JobBuilder job;
  const JobActions actions =
      job.Task("main", 3).Placed("a", "0-2").Pod(1, PodPhase::kPending).Plan();
  EXPECT_EQ(actions.creates, (std::vector<std::int32_t>{0, 2}));
  EXPECT_TRUE(actions.create_service);
  EXPECT_FALSE(actions.status);
}

TEST(JobPlan, ASinglePodIsItsOwnPlacement) {
  JobBuilder job;
  const JobActions actions = job.Task("main", 1).Decided("a", "0").Plan();
  EXPECT_EQ(actions.creates.size(), 1u);
  EXPECT_FALSE(actions.create_service);
  EXPECT_FALSE(actions.status);
}

TEST(JobPlan, NothingIsCreatedOnANodeThatWentAway) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1");
  job.nodes["a"].unschedulable = true;
  const JobActions actions = job.Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_FALSE(actions.status->placement);
}

TEST(JobPlan, ADecisionIsForgottenWhenTheJobIsSuspendedFirst) {
  JobBuilder job;
  job.Task("main", 2).Decided("a", "0-1");
  job.spec().suspend = true;
  const JobActions actions = job.Plan();
  EXPECT_TRUE(actions.drop_placement);
  EXPECT_FALSE(actions.status);
}

// ---- Running ----

TEST(JobPlan, RunningIsWrittenOnceMinMemberIsReady) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kRunning, true);
  EXPECT_FALSE(job.Plan().status);
  const JobActions actions = job.Pod(1, PodPhase::kRunning, true).Plan();
  EXPECT_EQ(Phase(actions), "Running");
  EXPECT_EQ(actions.status->ready, "2/2");
  EXPECT_EQ(actions.status->placement->state, PlacementState::kMaterialised);
}

TEST(JobPlan, ReadyCountsSettleForASecondBeforeTheyAreWritten) {
  JobBuilder job;
  job.Task("main", 3).Placed("a", "0-2", PlacementState::kMaterialised);
  job.spec().min_member = 1;
  job.status().phase = "Running";
  job.status().attempt_ready_at = job.facts.now;
  for (int i = 0; i < 3; ++i) job.Pod(i, PodPhase::kRunning, true);
  job.entry.counted = {{"main", 3, "", ""}};
  job.entry.counted_ms = job.facts.boot_ms - 400;
  const JobActions early = job.Plan();
  EXPECT_FALSE(early.status);
  EXPECT_EQ(early.wake_in_ms, 600);
  job.At(1);
  EXPECT_EQ(job.Plan().status->ready, "3/3");
}

TEST(JobPlan, NothingIsWrittenWhenNothingChanged) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kRunning, true);
  job.Pod(1, PodPhase::kRunning, true);
  job.status() = *job.Plan().status;
  job.entry.placement = job.status().placement;
  const JobActions again = job.At(60).Plan();
  EXPECT_FALSE(again.status);
  EXPECT_TRUE(again.creates.empty() && again.deletes.empty() && again.events.empty());
}

TEST(JobPlan, SucceedsWhenAllSucceeded) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kSucceeded);
  job.Pod(1, PodPhase::kSucceeded);
  const JobActions actions = job.Plan();
  EXPECT_EQ(Phase(actions), "Succeeded");
  EXPECT_EQ(actions.status->tasks[0].succeeded, "0-1");
  EXPECT_FALSE(actions.status->placement);
  EXPECT_EQ(FindCondition(actions.status->conditions, "Complete")->status, "True");
}

// ---- Failure and retry ----

TEST(JobPlan, AFailedPodOfAGangReleasesTheAttemptBeforeAnythingIsDeleted) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kFailed, false, 3);
  const JobActions actions = job.Pod(1, PodPhase::kRunning, true).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->state, PlacementState::kReleasing);
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kFailed);
  EXPECT_TRUE(actions.deletes.empty());
}

TEST(JobPlan, ReleasingDeletesByUidAndWaitsForTheLastPod) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kReleasing);
  job.entry.placement->cause = ReleaseCause::kFailed;
  const JobActions actions =
      job.Pod(0, PodPhase::kFailed, false, 3).Pod(1, PodPhase::kRunning).Plan();
  ASSERT_EQ(actions.deletes.size(), 1u);
  EXPECT_EQ(actions.deletes[0].uid, "pod-1-1");
  EXPECT_FALSE(actions.status);
}

TEST(JobPlan, ARetryWaitsOutItsBackOff) {
  JobBuilder job;
  job.Task("main", 1).Decided("a", "0").Pod(0, PodPhase::kFailed, false, 3);
  job.spec().retry.max_retries = 2;
  const JobActions actions = job.Plan();
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_EQ(actions.status->reason, "WaitingForRetry");
  EXPECT_EQ(actions.status->failures, 1);
  EXPECT_EQ(actions.status->not_before.unix_ms, job.facts.now.unix_ms + 10'000);
  EXPECT_NE(actions.status->message.str().find("exited with code 3"), std::string::npos);
}

TEST(JobPlan, FailsWhenNoRetryIsLeft) {
  JobBuilder job;
  job.Task("main", 1).Decided("a", "0").Pod(0, PodPhase::kFailed, false, 3);
  const JobActions actions = job.Plan();
  EXPECT_EQ(Phase(actions), "Failed");
  EXPECT_EQ(FindCondition(actions.status->conditions, "Failed")->status, "True");
}

TEST(JobPlan, AnEndByTheInfrastructureIsNotCounted) {
  JobBuilder job;
  job.Task("main", 1).Decided("a", "0").Pod(0, PodPhase::kFailed);
  job.pod(0).reason = "OutOfnvidia.com/gpu";
  const JobActions actions = job.Plan();
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_EQ(actions.status->failures, 0);
  EXPECT_NE(actions.status->message.str().find("OutOfnvidia.com/gpu"), std::string::npos);
}

TEST(JobPlan, AMaterialisedPodThatVanishedIsLostAndNeverCreatedAgain) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kMaterialised);
  const JobActions actions = job.Pod(0, PodPhase::kRunning, true).Plan();
  EXPECT_TRUE(actions.creates.empty());
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kPodLost);
}

TEST(JobPlan, IndependentPodsGoOnWithoutALostOne) {
  JobBuilder job;
  job.Task("main", 3).Placed("a", "0-2", PlacementState::kMaterialised);
  job.spec().min_member = 1;
  job.status().phase = "Running";
  job.status().attempt_ready_at = job.facts.now;
  job.entry.counted_ms = job.facts.boot_ms;
  const JobActions actions =
      job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true).Plan();
  EXPECT_TRUE(actions.creates.empty() && actions.deletes.empty());
  EXPECT_FALSE(actions.status);
}

// ---- Preemption, suspend, cancel, time ----

TEST(JobPlan, AnEvictionNamesItsBeneficiaryInTheReleasingWrite) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0").Pod(0, PodPhase::kRunning, true);
  job.entry.release = state::ReleaseDecision{ReleaseCause::kReclaimed, "ns/big", "big-uid",
                                             "Reclaim", "makes room for ns/big"};
  const JobActions actions = job.Plan();
  EXPECT_EQ(Phase(actions), "Preempting");
  EXPECT_EQ(actions.status->placement->beneficiary, "ns/big");
  EXPECT_EQ(FindCondition(actions.status->conditions, "Preempted")->status, "True");
}

TEST(JobPlan, APreemptedJobIsPendingAgainAndKeepsItsCount) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0", PlacementState::kReleasing);
  job.entry.placement->cause = ReleaseCause::kPreempted;
  const JobActions actions = job.At(5).Plan();
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_EQ(actions.status->preemptions, 1);
  EXPECT_FALSE(actions.status->placement);
  EXPECT_EQ(actions.status->pending_since, job.facts.now);
}

TEST(JobPlan, SuspendAndCancelReleaseWhatRuns) {
  for (const bool cancel : {false, true}) {
    JobBuilder job;
    job.Task("main", 1).Placed("a", "0").Pod(0, PodPhase::kRunning, true);
    (cancel ? job.spec().cancel : job.spec().suspend) = true;
    const JobActions actions = job.Plan();
    ASSERT_TRUE(actions.status);
    EXPECT_EQ(actions.status->placement->cause,
              cancel ? ReleaseCause::kCancelled : ReleaseCause::kSuspended);
  }
}

TEST(JobPlan, TheGangTimeoutReleasesAndIsNotCounted) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kRunning, true);
  job.Pod(1, PodPhase::kPending).pod(1).waiting_reason = "ImagePullBackOff";
  job.spec().gang_timeout_seconds = 60;
  const JobActions actions = job.At(60).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kGangTimeout);
  EXPECT_NE(actions.status->message.str().find("ImagePullBackOff"), std::string::npos);
  EXPECT_EQ(actions.status->failures, 0);
}

TEST(JobPlan, MaxRuntimeFailsTheJobAfterItsPodsAreGone) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0").Pod(0, PodPhase::kRunning, true);
  job.spec().max_runtime_seconds = 30;
  EXPECT_EQ(job.At(30).Plan().status->placement->cause, ReleaseCause::kMaxRuntime);
}

TEST(JobPlan, AnAttemptPastItsMaxRuntimeCountsAsAFailure) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0", PlacementState::kReleasing);
  job.entry.placement->cause = ReleaseCause::kMaxRuntime;
  EXPECT_EQ(job.Plan().status->reason, "MaxRuntimeExceeded");
  job.spec().retry.max_retries = 1;
  const JobActions actions = job.Plan();
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_EQ(actions.status->failures, 1);
}

TEST(JobPlan, TheActiveDeadlineCountsWhileARetryWaits) {
  JobBuilder job;
  job.Task("main", 1);
  job.status().start_time = job.facts.now;
  job.status().not_before = {job.facts.now.unix_ms + 600'000};
  job.spec().active_deadline_seconds = 30;
  EXPECT_EQ(job.At(29).Plan().wake_in_ms, 1'000);
  const JobActions actions = job.At(30).Plan();
  EXPECT_EQ(Phase(actions), "Failed");
  EXPECT_EQ(actions.status->reason, "DeadlineExceeded");
}

TEST(JobPlan, AMissedDeadlineIsToldWhileTheJobWaits) {
  JobBuilder job;
  job.Task("main", 1);
  job.spec().deadline = {job.facts.now.unix_ms + 5'000};
  EXPECT_FALSE(job.At(4).Plan().status);
  const JobActions actions = job.At(5).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_NE(FindCondition(actions.status->conditions, "DeadlineMissed"), nullptr);
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_TRUE(actions.eligible);
}

TEST(JobPlan, TheTimeToLiveDeletesAFinishedJob) {
  JobBuilder job;
  job.Task("main", 1);
  job.status().phase = "Succeeded";
  job.status().completion_time = job.facts.now;
  job.spec().ttl_seconds_after_finished = 10;
  EXPECT_EQ(job.At(4).Plan().wake_in_ms, 6'000);
  EXPECT_TRUE(job.At(10).Plan().delete_job);
}

// ---- Waiting ----

TEST(JobPlan, AnUnclaimedNamespaceWaitsWithNoTenant) {
  JobBuilder job;
  const JobActions actions = job.Task("main", 1).NoTenant().Plan();
  EXPECT_EQ(Phase(actions), "Pending");
  EXPECT_EQ(actions.status->reason, "NoTenant");
  EXPECT_FALSE(actions.eligible);
}

TEST(JobPlan, WhatATemplateMayNotAskForIsNamedByItsPathInTheJob) {
  JobBuilder job;
  job.Task("a", 1).Task("b", 1).made(1).needs.unsupported = "spec.x is not supported: use y";
  const JobActions actions = job.Plan();
  EXPECT_EQ(actions.status->reason, "Misconfigured");
  EXPECT_EQ(actions.status->message, "spec.tasks[1].template.spec.x is not supported: use y");
}

TEST(JobPlan, APriorityAboveTheTenantsClassIsMisconfiguredAndNamesBoth) {
  JobBuilder job;
  job.Task("main", 1).tenant.spec.priority_class = "normal";
  job.tenant.spec.priority_class_set = true;
  job.spec().priority_class = "critical";
  const JobActions actions = job.Plan();
  EXPECT_EQ(actions.status->reason, "Misconfigured");
  EXPECT_NE(actions.status->message.str().find("critical"), std::string::npos);
  EXPECT_NE(actions.status->message.str().find("normal"), std::string::npos);
}

TEST(JobPlan, AHoldIsToldOnceItHasSettled) {
  JobBuilder job;
  job.Task("main", 1).entry.hold =
      state::HoldView{sched::Reason::kWaitingForQuota, "4 of 8 in use", 1'000'000};
  const JobActions early = job.Plan();
  EXPECT_FALSE(early.status);
  EXPECT_TRUE(early.eligible);
  const JobActions later = job.At(1).Plan();
  EXPECT_EQ(later.status->reason, "WaitingForQuota");
  ASSERT_EQ(later.events.size(), 1u);
}

TEST(JobPlan, PodsOfAnEarlierAttemptGoOnSightAndHoldTheNextOneBack) {
  JobBuilder job;
  job.status().attempt = 2;
  const JobActions actions = job.Task("main", 1).Pod(0, PodPhase::kRunning, true, 0, 1).Plan();
  ASSERT_EQ(actions.deletes.size(), 1u);
  EXPECT_FALSE(actions.eligible);
}

TEST(JobPlan, BackOffFollowsThePolicy) {
  api::RetryPolicy policy;
  policy.initial_delay_seconds = 10;
  policy.max_delay_seconds = 60;
  EXPECT_EQ(BackoffSeconds(policy, 1), 10);
  EXPECT_EQ(BackoffSeconds(policy, 3), 40);
  EXPECT_EQ(BackoffSeconds(policy, 1'000'000), 60);
  policy.backoff = "linear";
  EXPECT_EQ(BackoffSeconds(policy, 3), 30);
  policy.backoff = "fixed";
  EXPECT_EQ(BackoffSeconds(policy, 9), 10);
}

}  // namespace
}  // namespace muster::op
