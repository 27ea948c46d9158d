// What counts as a result, and what a committed placement may still ask for: rules of PlanJob.
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

// ---- Success comes first ----

TEST(JobResults, AJobWhosePodsHaveAllSucceededIsNotSuspendedAnyMore) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kMaterialised);
  job.Pod(0, PodPhase::kSucceeded).Pod(1, PodPhase::kSucceeded);
  job.spec().suspend = true;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Succeeded");
}

TEST(JobResults, AnEvictionThatCameTooLateIsNoPreemption) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kMaterialised);
  job.Pod(0, PodPhase::kSucceeded).Pod(1, PodPhase::kSucceeded);
  job.entry.release = state::ReleaseDecision{ReleaseCause::kPreempted, "x/y", "u", "Priority", ""};
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Succeeded");
  EXPECT_EQ(actions.status->preemptions, 0);
}

TEST(JobResults, AReleaseThatFoundNothingToEndIsASuccess) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kReleasing);
  job.entry.placement->cause = ReleaseCause::kPreempted;
  job.Pod(0, PodPhase::kSucceeded).Pod(1, PodPhase::kSucceeded);
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Succeeded");
}

// A single pod may have ended before anything else was written about its job.
TEST(JobResults, AShortJobThatWasMisconfiguredOnceSucceedsWithConditionsThatSaySo) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0", PlacementState::kCommitted);
  job.entry.backing = state::Backing::kImplied;
  job.entry.job.status.placement.reset();
  job.entry.job.status.phase = "Pending";
  for (const char* type : {"Misconfigured", "Preempted"}) {
    job.entry.job.status.conditions.push_back({type, "True", "Before", "", {}});
  }
  job.Pod(0, PodPhase::kSucceeded);
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Succeeded");
  for (const api::Condition& condition : actions.status->conditions) {
    const bool past = condition.type == "Misconfigured" || condition.type == "Preempted";
    EXPECT_EQ(condition.status, past ? "False" : "True") << condition.type;
  }
}

// ---- Told to end ----

TEST(JobResults, APodThatWasToldToEndAndExitsWithZeroHasNoResult) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kReleasing);
  job.spec().min_member = 1;
  job.entry.placement->cause = ReleaseCause::kSuspended;
  job.Pod(0, PodPhase::kSucceeded).Pod(1, PodPhase::kSucceeded);
  job.pod(1).meta.deletion = job.facts.now;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Suspended");
  EXPECT_EQ(actions.status->tasks[0].succeeded, "0");
}

TEST(JobResults, AResultThatWasToldBeforeStays) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kReleasing);
  job.spec().min_member = 1;
  job.status().tasks = {{"main", 0, "1", ""}};
  job.entry.placement->cause = ReleaseCause::kSuspended;
  job.Pod(0, PodPhase::kFailed).Pod(1, PodPhase::kSucceeded);
  job.pod(1).meta.deletion = job.facts.now;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->tasks[0].succeeded, "1");
}

TEST(JobResults, APodThatSomebodyDeletedWhileItsJobRunsHasItsResult) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0", PlacementState::kMaterialised);
  job.Pod(0, PodPhase::kSucceeded);
  job.pod(0).meta.deletion = job.facts.now;
  EXPECT_EQ(job.Plan().status->phase, "Succeeded");
}

// ---- Pods that are still to come ----

TEST(JobResults, APodThatVanishedIsNotCreatedAgainOnANodeThatIsGone) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kRunning);
  job.entry.slots[1].seen = true;  // and its pod went with the node
  job.nodes.erase("a");
  const JobActions actions = job.Plan();
  EXPECT_TRUE(actions.creates.empty());
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kNodeLost);
}

TEST(JobResults, ReplicasThatAreStillToBePlacedHaveTheirDryRunAsked) {
  JobBuilder job;
  job.Task("main", 3).Placed("a", "0-1", PlacementState::kMaterialised);
  job.spec().min_member = 1;
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  job.made(0).state = state::TemplateState::kUnknown;
  EXPECT_EQ(job.Plan().ask_templates, (std::vector<std::int32_t>{0}));
}

TEST(JobResults, AWholeGangNeedsNoDryRunAnyMore) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kMaterialised);
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  job.made(0).state = state::TemplateState::kUnknown;
  EXPECT_TRUE(job.Plan().ask_templates.empty());
}

TEST(JobResults, ACommittedPodOfUnknownSizeHasItsDryRunAsked) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1");
  job.entry.uncounted = true;
  job.made(0).state = state::TemplateState::kUnknown;
  EXPECT_EQ(job.Plan().ask_templates, (std::vector<std::int32_t>{0}));
}

// ---- Seen, and not written yet ----

// Of two independent pods the first has ended, which was counted; then somebody deletes it.
class JobSeen : public ::testing::Test {
 protected:
  void EndFirst(PlacementState state, PodPhase phase, std::int32_t exit_code = 0) {
    job.Task("main", 2).Placed("a", "0-1", state);
    job.spec().min_member = 1;
    job.Pod(0, phase, false, exit_code).Pod(1, PodPhase::kRunning);
    job.entry.counted = job.Plan().counted;
    job.entry.counted_attempt = 1;
  }
  JobBuilder job;
};

TEST_F(JobSeen, APodThatVanishesAfterItsSuccessIsNotCreatedAgain) {
  EndFirst(PlacementState::kCommitted, PodPhase::kSucceeded);
  const JobActions actions = job.WithoutPod(0).Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_EQ(actions.counted[0].succeeded, "0");
}

TEST_F(JobSeen, APodThatVanishesAfterItsSuccessIsNotLost) {
  EndFirst(PlacementState::kMaterialised, PodPhase::kSucceeded);
  job.pod(1).phase = PodPhase::kSucceeded;
  const JobActions actions = job.WithoutPod(0).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Succeeded");
}

TEST_F(JobSeen, APodThatIsDeletedAfterItsFailureHasFailed) {
  EndFirst(PlacementState::kMaterialised, PodPhase::kFailed, 3);
  job.pod(0).meta.deletion = job.facts.now;
  job.pod(1).phase = PodPhase::kSucceeded;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->failures, 1);
}

TEST_F(JobSeen, WhatWasSeenOfAnEarlierAttemptIsNoResultOfThisOne) {
  EndFirst(PlacementState::kCommitted, PodPhase::kSucceeded);
  job.entry.placement->attempt = 2;
  const JobActions actions = job.Plan();
  EXPECT_EQ(actions.counted[0].succeeded, "");
}

// ---- Results of earlier attempts and what runs now ----

// Of four independent pods three have succeeded in the first attempt; the second is for the fourth.
class JobKept : public ::testing::Test {
 protected:
  JobKept() {
    job.status().attempt = 1;
    job.Task("main", 4).Placed("a", "3", PlacementState::kMaterialised);
    job.spec().min_member = 1;
    job.spec().gang_timeout_seconds = 60;
    job.status().tasks = {{"main", 0, "0-2", ""}};
    job.Pod(3, PodPhase::kPending, false, 0, 2);
  }
  JobBuilder job;
};

TEST_F(JobKept, AnAttemptRunsOnceAPodOfItsOwnIsReady) {
  EXPECT_FALSE(job.Plan().status);
  job.pod(0).ready = true;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Running");
  EXPECT_EQ(actions.status->ready, "4/4");
}

TEST_F(JobKept, TheGangTimeoutIsForTheAttemptsOwnPods) {
  const JobActions actions = job.At(60).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kGangTimeout);
  EXPECT_NE(actions.status->message.str().find("0 of 1 pods"), std::string::npos);
}

TEST_F(JobKept, PodsReadyIsAboutThePodsThatRun) {
  job.pod(0).ready = true;
  job.status() = *job.Plan().status;
  job.entry.placement = job.status().placement;
  job.pod(0).ready = false;
  job.entry.counted = job.Plan().counted;
  job.entry.counted_ms = job.facts.boot_ms;
  const JobActions actions = job.At(2).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(FindCondition(actions.status->conditions, "PodsReady")->reason, "TooFewReady");
}

TEST(JobResults, APodThatSucceededIsReadyOnce) {
  JobBuilder job;
  job.Task("main", 4).Placed("a", "0-3", PlacementState::kMaterialised);
  job.Pod(0, PodPhase::kSucceeded).Pod(1, PodPhase::kRunning, true);
  job.Pod(2, PodPhase::kRunning, true).Pod(3, PodPhase::kRunning, false);
  job.status().phase = "Running";
  job.status().attempt_ready_at = job.facts.now;
  job.entry.counted = job.Plan().counted;
  job.entry.counted_ms = job.facts.boot_ms;
  const JobActions actions = job.At(2).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(FindCondition(actions.status->conditions, "PodsReady")->reason, "TooFewReady");
}

// ---- A job that was made smaller while it was suspended ----

TEST(JobResults, ResultsOfIndexesThatAJobHasNoMoreAreNotCounted) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1");
  job.spec().min_member = 1;
  job.status().tasks = {{"main", 0, "2-3", ""}};
  const JobActions actions = job.Plan();
  EXPECT_EQ(actions.creates, (std::vector<std::int32_t>{0, 1}));
  EXPECT_FALSE(actions.status && actions.status->phase == "Succeeded");
  EXPECT_EQ(actions.counted[0].succeeded, "");
}

TEST(JobResults, AJobOfWhichNothingIsLeftToRunSucceedsWhenItIsResumed) {
  JobBuilder job;
  job.Task("main", 2).status().attempt = 1;
  job.spec().min_member = 1;
  job.status().phase = "Suspended";
  job.status().tasks = {{"main", 0, "0-1,3", ""}};
  job.spec().suspend = true;
  EXPECT_FALSE(job.Plan().status);
  job.spec().suspend = false;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Succeeded");
  EXPECT_EQ(actions.status->tasks[0].succeeded, "0-1");
  EXPECT_EQ(actions.status->ready, "2/2");
  EXPECT_FALSE(actions.eligible);
}

// ---- What a decision rests on ----

class JobBasis : public ::testing::Test {
 protected:
  JobBasis() {
    job.Task("main", 2).Decided("a", "0-1");
    job.made(0).known = true;
    job.made(0).shape = sched::ShapeId{1};
    job.entry.decided_on = {sched::ShapeId{1}};
  }
  JobBuilder job;
};

TEST_F(JobBasis, NothingIsCommittedOnAnOldAnswerWhileANewOneIsAwaited) {
  job.made(0).state = state::TemplateState::kUnknown;
  const JobActions actions = job.Plan();
  EXPECT_FALSE(actions.status);
  EXPECT_FALSE(actions.drop_placement);
  EXPECT_EQ(actions.ask_templates, (std::vector<std::int32_t>{0}));
}

TEST_F(JobBasis, AnAnswerThatDoesNotComeKeepsNoPlace) {
  job.made(0).state = state::TemplateState::kQuota;
  job.made(0).trouble = "no webhook";
  job.made(0).trouble_since_ms = job.facts.boot_ms;
  const JobActions early = job.At(4).Plan();
  EXPECT_FALSE(early.drop_placement);
  EXPECT_EQ(early.wake_in_ms, 1'000);
  EXPECT_TRUE(job.At(5).Plan().drop_placement);
}

TEST_F(JobBasis, ADecisionIsDroppedWhenThePodsHaveBecomeDifferent) {
  job.made(0).shape = sched::ShapeId{2};
  EXPECT_TRUE(job.Plan().drop_placement);
}

TEST_F(JobBasis, ADecisionIsDroppedWhenThePodsAreRefusedNow) {
  job.made(0).state = state::TemplateState::kRefused;
  EXPECT_TRUE(job.Plan().drop_placement);
}

TEST_F(JobBasis, TheSameAnswerLetsItBeCommitted) {
  EXPECT_EQ(job.Plan().status->phase, "Scheduling");
}

}  // namespace
}  // namespace muster::op
