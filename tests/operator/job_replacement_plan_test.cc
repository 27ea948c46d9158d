// podReplacementPolicy: when a job goes on without the end of its pods on a node that is silent.
#include <gtest/gtest.h>

#include "controllers/job/plan.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using api::PlacementState;
using api::PodPhase;
using api::ReleaseCause;
using testing::JobBuilder;

// A job with one pod each on a and b, which goes on without a pod after a minute; a is silent since
// the job's creation.
class Replacement : public ::testing::Test {
 protected:
  Replacement() {
    job.spec().pod_replacement_policy = "TerminatingOrFailed";
    job.spec().unreachable_seconds = 60;
    job.Task("main", 2).Placed("a", "0", PlacementState::kMaterialised);
    job.Placed("b", "1", PlacementState::kMaterialised);
    job.Pod(0, PodPhase::kRunning).Pod(1, PodPhase::kRunning, true);
    job.status().phase = "Running";
    job.status().attempt_ready_at = job.facts.now;
    job.nodes["a"].ready = false;
    job.nodes["a"].not_ready_since = job.facts.now;
    job.status().tasks = job.Plan().counted;  // nothing else is to be written
  }

  // The next status is written.
  JobActions Write() {
    JobActions actions = job.Plan();
    if (actions.status) {
      job.status() = *actions.status;
      job.entry.placement = job.status().placement;
      RefreshSlots(job.entry);
    }
    return actions;
  }
  // Of the attempt only the deleted pod on a is left.
  void LeaveLost(std::int64_t seconds = 10) {
    job.At(seconds);
    job.pod(0).meta.deletion = job.facts.now;
    Write();
    job.pod(1).phase = PodPhase::kFailed;
    Write();
  }
  std::string Message() { return job.status().message; }

  JobBuilder job;
};

TEST_F(Replacement, APodOnASilentNodeIsLostWhenTheTimeIsOverThoughNobodyDeletedIt) {
  const JobActions before = job.At(59).Plan();
  EXPECT_FALSE(before.status);
  EXPECT_EQ(before.wake_in_ms, 1'000);
  const JobActions after = job.At(60).Plan();
  ASSERT_TRUE(after.status);
  EXPECT_EQ(after.status->placement->state, PlacementState::kReleasing);
  EXPECT_EQ(after.status->placement->cause, ReleaseCause::kNodeLost);
}

TEST_F(Replacement, ByDefaultNoTimeMakesItLost) {
  job.spec() = JobBuilder().Task("main", 2).spec();
  EXPECT_EQ(job.spec().pod_replacement_policy, "Failed");
  EXPECT_FALSE(job.At(1'000'000).Plan().status);
}

TEST_F(Replacement, WhileItWaitsTheJobSaysUntilWhen) {
  LeaveLost();
  EXPECT_EQ(job.status().reason, "WaitingForLostNode");
  EXPECT_NE(Message().find("the pod may still run there, but not beyond 2023-11-14T22:14:20Z "
                           "(spec.podReplacementPolicy is TerminatingOrFailed)"),
            std::string::npos)
      << Message();
  const JobActions again = job.Plan();
  EXPECT_FALSE(again.status);
  EXPECT_EQ(again.wake_in_ms, 50'000);
}

TEST_F(Replacement, ThenTheAttemptEndsUncountedAndAnEventSaysThatItMayRunTwice) {
  LeaveLost();
  const JobActions end = job.At(60).Plan();
  ASSERT_TRUE(end.status);
  EXPECT_FALSE(end.status->placement);
  EXPECT_EQ(end.status->phase, "Pending");
  EXPECT_EQ(end.status->failures, 0);
  EXPECT_EQ(end.status->message,
            "node a was lost with pod job-main-0-1, which may still run there beside what follows");
  ASSERT_FALSE(end.events.empty());
  EXPECT_EQ(end.events.back().reason, "MayRunTwice");
  EXPECT_NE(end.events.back().message.find("attempt 1 ended without waiting"), std::string::npos);
}

TEST_F(Replacement, ByDefaultTheAttemptNeverEndsBeforeItsPods) {
  job.spec().pod_replacement_policy = "Failed";
  LeaveLost();
  EXPECT_TRUE(Message().ends_with("because the pod may still run there")) << Message();
  EXPECT_FALSE(job.At(1'000'000).Plan().status);
}

TEST_F(Replacement, TheAttemptDoesNotEndBeforeTheLostPodIsDeleted) {
  job.At(60);
  Write();
  job.pod(1).phase = PodPhase::kFailed;
  const JobActions asked = Write();
  ASSERT_EQ(asked.deletes.size(), 1u);
  EXPECT_EQ(asked.deletes[0].uid, "pod-1-0");
  EXPECT_TRUE(job.status().placement);
  job.pod(0).meta.deletion = job.facts.now;
  Write();
  EXPECT_FALSE(job.status().placement);
}

TEST_F(Replacement, NorWhileAnotherPodOfItRuns) {
  job.At(60);
  job.pod(0).meta.deletion = job.facts.now;
  Write();
  Write();
  EXPECT_TRUE(job.status().placement);
  job.pod(1).phase = PodPhase::kFailed;
  Write();
  EXPECT_FALSE(job.status().placement);
}

TEST_F(Replacement, TheTimeIsThatOfTheLastNodeToFallSilent) {
  job.nodes["b"].ready = false;
  job.nodes["b"].not_ready_since = job.facts.now;
  job.nodes["a"].not_ready_since = {job.facts.now.unix_ms + 30'000};
  job.At(60);
  job.pod(0).meta.deletion = job.pod(1).meta.deletion = job.facts.now;
  Write();
  EXPECT_NE(Message().find("not beyond 2023-11-14T22:14:50Z"), std::string::npos) << Message();
  job.At(89);
  Write();
  EXPECT_TRUE(job.status().placement);
  job.At(90);
  Write();
  EXPECT_FALSE(job.status().placement);
}

TEST_F(Replacement, ANodeThatDoesNotSaySinceWhenIsWaitedFor) {
  job.nodes["a"].not_ready_since = {};
  LeaveLost();
  EXPECT_TRUE(Message().ends_with("because the pod may still run there")) << Message();
  job.At(1'000'000);
  Write();
  EXPECT_TRUE(job.status().placement);
}

TEST_F(Replacement, WhenTheNodeIsBackTheEndOfThePodIsWaitedFor) {
  LeaveLost();
  job.nodes["a"].ready = true;
  job.At(100);
  Write();
  EXPECT_TRUE(job.status().placement);
}

TEST_F(Replacement, ThePolicyMayBeChangedWhileTheJobWaits) {
  job.spec().pod_replacement_policy = "Failed";
  LeaveLost();
  job.spec().pod_replacement_policy = "TerminatingOrFailed";
  const JobActions told = Write();
  ASSERT_TRUE(told.status);
  EXPECT_NE(Message().find("not beyond"), std::string::npos);
  job.At(60);
  Write();
  EXPECT_FALSE(job.status().placement);
}

TEST_F(Replacement, ACancelledJobEndsWithoutItToo) {
  job.spec().cancel = true;
  LeaveLost();
  job.At(60);
  Write();
  EXPECT_EQ(job.status().phase, "Cancelled");
}

TEST_F(Replacement, IndependentReplicasRunOnAndTheLostOneComesWithTheNextAttempt) {
  job.spec().min_member = 1;
  job.At(60);
  Write();
  Write();
  ASSERT_EQ(job.status().placement->state, PlacementState::kMaterialised);
  job.pod(1).phase = PodPhase::kSucceeded;
  Write();
  ASSERT_EQ(job.status().placement->state, PlacementState::kReleasing);
  job.pod(0).meta.deletion = job.facts.now;
  Write();
  EXPECT_FALSE(job.status().placement);
  EXPECT_EQ(job.status().tasks[0].succeeded, "1");
}

// ---- Between two attempts, and in the next ----

// Attempt 1 has ended, and its pod on a is still there.
class LeftBehind : public Replacement {
 protected:
  LeftBehind() {
    LeaveLost(60);
    Write();
    job.status().not_before = {};
  }
  // The next attempt runs on b.
  void PlaceNext() {
    job.Placed("b", "0-1");
    job.Pod(0, PodPhase::kRunning, true, 0, 2).Pod(1, PodPhase::kRunning, true, 0, 2);
    job.entry.counted_ms = job.facts.boot_ms;
  }
};

TEST_F(LeftBehind, ItDoesNotHoldTheNextAttemptBack) {
  ASSERT_FALSE(job.entry.placement);
  EXPECT_TRUE(job.At(61).Plan().eligible);
}

TEST_F(LeftBehind, ItDoesWhenThePolicyIsTakenBack) {
  job.spec().pod_replacement_policy = "Failed";
  const JobActions told = job.At(61).Plan();
  EXPECT_FALSE(told.eligible);
  ASSERT_TRUE(told.status);
  EXPECT_EQ(told.status->reason, "WaitingForLostNode");
}

TEST_F(LeftBehind, AVoidPodThatMayHoldANameOfTheNextAttemptDoes) {
  job.Pod(0, PodPhase::kRunning, false, 0, 2);
  job.pod(2).node_name = "a";
  job.pod(2).meta.deletion = job.facts.now;
  job.At(1'000);
  EXPECT_TRUE(job.Plan().eligible);
  job.VoidPod(2);
  EXPECT_FALSE(job.Plan().eligible);
}

TEST_F(LeftBehind, ThePlanOfTheNextAttemptNamesIt) {
  job.Decided("b", "0-1");
  const JobActions commit = job.At(61).Plan();
  ASSERT_EQ(commit.events.size(), 1u);
  EXPECT_EQ(commit.events[0].message,
            "attempt 2: 2 pods on b; pod job-main-0-1 of attempt 1 may still run on node a");
}

TEST_F(LeftBehind, WhenItsKubeletIsBackItIsDeletedOnSight) {
  PlaceNext();
  job.nodes["a"].ready = true;
  job.pod(0).meta.deletion = {};
  const JobActions actions = job.Plan();
  ASSERT_EQ(actions.deletes.size(), 1u);
  EXPECT_EQ(actions.deletes[0].uid, "pod-1-0");
}

TEST_F(LeftBehind, ItsExitIsNotThatOfTheNextAttempt) {
  job.Placed("b", "0-1").Pod(1, PodPhase::kRunning, true, 0, 2);
  job.entry.ledger.service.attempt = 2;
  for (const PodPhase phase : {PodPhase::kFailed, PodPhase::kSucceeded}) {
    job.pod(0).phase = phase;
    job.pod(0).exit_code = phase == PodPhase::kFailed ? 3 : 0;
    const JobActions actions = job.At(100).Plan();
    EXPECT_EQ(actions.creates, std::vector<std::int32_t>{0});
    EXPECT_EQ(actions.counted[0].succeeded.str() + actions.counted[0].failed.str(), "");
  }
}

}  // namespace
}  // namespace muster::op
