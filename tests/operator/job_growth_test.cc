// Jobs that run with fewer replicas than they ask for: what becomes of the rest, and of them when
// some end, are refused or lose their node.
#include <gtest/gtest.h>

#include "operator/job_fixture.h"
#include "testing/fake_api_server.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using api::PlacementState;
using api::PodPhase;
using api::ReleaseCause;
using testing::JobBuilder;

// ---- Plans ----

JobBuilder Running(std::int32_t replicas, std::int32_t min_member, const std::string& placed,
                   PlacementState state = PlacementState::kMaterialised) {
  JobBuilder job;
  job.Task("main", replicas).Placed("a", placed, state);
  job.spec().min_member = min_member;
  job.status().phase = "Running";
  job.status().attempt_ready_at = job.facts.now;
  return job;
}

TEST(JobGrowth, AnAttemptWithALostReplicaAndNothingLeftIsOver) {
  JobBuilder job = Running(5, 1, "0-1");
  const JobActions actions = job.Pod(0, PodPhase::kSucceeded).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->phase, "Pending");
  EXPECT_EQ(actions.status->tasks[0].succeeded, "0");
}

TEST(JobGrowth, ReplicasThatAreNotPlacedDoNotMakeUpForFailedOnes) {
  JobBuilder job = Running(8, 4, "0-3");
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  job.Pod(2, PodPhase::kRunning, true).Pod(3, PodPhase::kFailed, false, 3);
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kFailed);
}

TEST(JobGrowth, ANodeThatIsGoneBeforeItsPodWasCreatedDoesNotEndAGangThatRuns) {
  JobBuilder job = Running(3, 1, "0-1", PlacementState::kCommitted);
  job.nodes["b"].meta.uid = "b-uid";  // cordoned since
  job.nodes["b"].unschedulable = true;
  job.entry.placement->assignments.push_back({"b", "b-uid", "main", "2"});
  RefreshSlots(job.entry);
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  const JobActions actions = job.Plan();
  EXPECT_EQ(actions.give_up, (std::vector<std::int32_t>{2}));
  EXPECT_TRUE(actions.creates.empty() && actions.deletes.empty());
  ASSERT_EQ(actions.events.size(), 1U);
  EXPECT_EQ(actions.events[0].reason, "ReplicaLost");
}

TEST(JobGrowth, WithTooFewLeftTheGangEnds) {
  JobBuilder job = Running(3, 3, "0-1", PlacementState::kCommitted);
  job.nodes["b"].unschedulable = true;
  job.entry.placement->assignments.push_back({"b", "", "main", "2"});
  RefreshSlots(job.entry);
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  const JobActions actions = job.Plan();
  EXPECT_TRUE(actions.give_up.empty());
  EXPECT_EQ(actions.status->placement->cause, ReleaseCause::kNodeLost);
}

TEST(JobGrowth, APlacementIsMaterialisedWithoutWhatWasGivenUp) {
  JobBuilder job = Running(3, 1, "0-2", PlacementState::kCommitted);
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  job.entry.slots[0].seen = job.entry.slots[1].seen = true;
  job.entry.slots[2].given_up = true;
  job.status().attempt_ready_at = {};  // so that something is written
  const JobActions actions = job.At(100).Plan();
  EXPECT_TRUE(actions.creates.empty());
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->placement->state, PlacementState::kMaterialised);
}

// ---- On a cluster ----

class GrowthTest : public testing::JobFixture {
 protected:
  // A job of three replicas of four GPUs, of which two run.
  void RunTwoOfThree() {
    PutNode("n1", 8);
    PutJob("grow", 3, 4, R"(,"gang":{"minMember":1})");
    Settle();
    RunPods("grow");
    After(2);
    ASSERT_EQ(PodsOf("grow").size(), 2U);
  }
  void AddNode() {
    PutNode("n2", 8);
    Settle();
  }
};

TEST_F(GrowthTest, TheRestOfAJobIsNoJobMore) {
  PutOurs("tenants/a", R"({"limits":{"maxRunningJobs":1}})");
  RunTwoOfThree();
  AddNode();
  EXPECT_EQ(PodsOf("grow").size(), 3U);
}

TEST_F(GrowthTest, TheLimitOfGpusIsForTheWholeJob) {
  PutOurs("tenants/a", R"({"limits":{"maxGpusPerJob":8}})");
  RunTwoOfThree();
  AddNode();
  EXPECT_EQ(PodsOf("grow").size(), 2U);
}

TEST_F(GrowthTest, ItNeverEvicts) {
  PutNode("n1", 8);
  PutJob("low", 1, 4, R"(,"priority":"low")");
  Settle();
  RunPods("low");
  PutJob("grow", 2, 4, R"(,"priority":"high","gang":{"minMember":1})");
  Settle();
  RunPods("grow");
  After(100);
  EXPECT_EQ(PodsOf("grow").size(), 1U);
  EXPECT_EQ(Status("low").phase, "Running");
}

TEST_F(GrowthTest, ARefusedPodDoesNotEndAGangThatRuns) {
  RunTwoOfThree();
  api_.Inject({.method = "POST",
               .path = "*/pods",
               .kind = muster::testing::FaultKind::kStatus,
               .status = 403,
               .times = 1});
  AddNode();
  After(60);
  EXPECT_EQ(PodsOf("grow").size(), 2U);
  EXPECT_EQ(Status("grow").phase, "Running");
  EXPECT_EQ(FreeGpus("n2"), 8);
  // Its index is tried again in the next attempt, when what runs has its result.
  SetPods("grow", R"({"phase":"Succeeded"})");
  After(2);
  EXPECT_EQ(Status("grow").reason, "WaitingForRetry");
  EXPECT_EQ(Status("grow").message, "1 pod was lost");
  After(60);
  EXPECT_EQ(Status("grow").attempt, 2);
  EXPECT_EQ(Status("grow").failures, 0);
}

}  // namespace
}  // namespace muster::op
