#include <gtest/gtest.h>

#include "controllers/job/plan.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using api::PlacementState;
using api::PodPhase;
using api::ReleaseCause;
using testing::JobBuilder;

constexpr char kWait[] = "waiting until that node is back, deleted or tainted out-of-service";

// A job with one pod each on a and b; a falls silent and its pod is evicted.
class LostNode : public ::testing::Test {
 protected:
  LostNode() {
    job.Task("main", 2).Placed("a", "0", PlacementState::kMaterialised);
    job.Placed("b", "1", PlacementState::kMaterialised);
    job.Pod(0, PodPhase::kRunning).Pod(1, PodPhase::kRunning, true);
    job.status().phase = "Running";
    job.status().attempt_ready_at = job.facts.now;
    job.nodes["a"].ready = false;
    job.pod(0).meta.deletion = job.facts.now;
  }

  // The next status is written.
  JobActions Write() {
    JobActions actions = job.Plan();
    if (actions.status) {
      job.status() = *actions.status;
      job.entry.placement = job.status().placement;
    }
    return actions;
  }

  JobBuilder job;
};

TEST_F(LostNode, TheRestOfTheGangIsReleased) {
  const JobActions told = Write();
  ASSERT_TRUE(told.status);
  EXPECT_EQ(told.status->placement->cause, ReleaseCause::kNodeLost);
  EXPECT_EQ(told.status->message, "node a was lost with pod job-main-0-1");
  const JobActions next = Write();
  ASSERT_EQ(next.deletes.size(), 1u);
  EXPECT_EQ(next.deletes[0].uid, "pod-1-1");
  EXPECT_FALSE(next.status);
}

TEST_F(LostNode, OnceOnlyItsPodIsLeftTheJobSaysWhatItWaitsFor) {
  Write();
  job.pod(1).phase = PodPhase::kFailed;
  const JobActions told = Write();
  ASSERT_TRUE(told.status);
  EXPECT_EQ(told.status->reason, "WaitingForLostNode");
  EXPECT_NE(told.status->message.str().find(kWait), std::string::npos);
  EXPECT_TRUE(told.status->placement);
  EXPECT_FALSE(Write().status);
}

TEST_F(LostNode, TheNextAttemptWaitsForTheEndOfTheLostPodAndIsNotCounted) {
  Write();
  job.pod(1).phase = PodPhase::kFailed;
  Write();
  job.pod(0).phase = PodPhase::kFailed;
  const JobActions told = Write();
  ASSERT_TRUE(told.status);
  EXPECT_EQ(told.status->phase, "Pending");
  EXPECT_EQ(told.status->reason, "WaitingForRetry");
  EXPECT_EQ(told.status->message, "node a was lost with pod job-main-0-1");
  EXPECT_EQ(told.status->failures, 0);
}

TEST_F(LostNode, AJobAllOfWhosePodsAreLostSaysSoInOneWrite) {
  job.nodes["b"].ready = false;
  job.pod(1).meta.deletion = job.facts.now;
  const JobActions told = Write();
  ASSERT_TRUE(told.status);
  EXPECT_EQ(told.status->placement->state, PlacementState::kReleasing);
  EXPECT_EQ(told.status->reason, "WaitingForLostNode");
  EXPECT_NE(told.status->message.str().find("and 1 more; waiting"), std::string::npos);
}

TEST_F(LostNode, IndependentPodsGoOnWithoutTheLostOne) {
  job.spec().min_member = 1;
  job.entry.counted_ms = job.facts.boot_ms;
  EXPECT_FALSE(job.Plan().status);
}

TEST_F(LostNode, ACancelledJobNamesBoth) {
  job.spec().cancel = true;
  job.nodes["b"].ready = false;
  job.pod(1).meta.deletion = job.facts.now;
  const JobActions told = Write();
  EXPECT_EQ(told.status->placement->cause, ReleaseCause::kCancelled);
  EXPECT_NE(told.status->message.str().find("spec.cancel is true; node a was lost"),
            std::string::npos);
}

TEST_F(LostNode, APodThatStopsOnAReadyNodeIsLive) {
  job.nodes["a"].ready = true;
  const JobActions actions = job.Plan();
  EXPECT_FALSE(actions.status && actions.status->placement->cause == ReleaseCause::kNodeLost);
}

}  // namespace
}  // namespace muster::op
