// What a job that runs says of replicas that are still to be placed, and how seldom it writes that.
#include <gtest/gtest.h>

#include "controllers/conditions.h"
#include "operator/job_fixture.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using api::PlacementState;
using api::PodPhase;
using sched::Reason;
using testing::JobBuilder;

constexpr char kType[] = "AllReplicasScheduled";

// ---- Plans ----

// Two of four replicas run, and all that there is to say about them has been written.
class Unplaced : public ::testing::Test {
 protected:
  Unplaced() {
    job.Task("main", 4).Placed("a", "0-1", PlacementState::kMaterialised);
    job.spec().min_member = 2;
    job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
    Write();
    job.At(100);
  }
  // Since now the scheduler holds the other two.
  void Hold(Reason reason, const std::string& text) {
    job.entry.more_hold = state::HoldView{reason, text, job.facts.boot_ms};
  }
  JobActions Write() {
    JobActions actions = job.Plan();
    job.entry.counted = actions.counted;
    if (actions.status) {
      job.status() = *actions.status;
      job.entry.placement = job.status().placement;
      job.entry.message_written_ms = job.facts.boot_ms;
    }
    return actions;
  }
  // "False GangIncomplete: 2 of 4 …"; empty: there is no such condition.
  std::string Told() {
    const api::Condition* told = FindCondition(job.status().conditions, kType);
    if (told == nullptr) return "";
    return told->status.str() + " " + told->reason.str() + ": " + told->message.str();
  }
  void TellFirst() {
    Hold(Reason::kGangIncomplete, "1/10 nodes");
    job.At(101);
    Write();
  }

  JobBuilder job;
};

TEST_F(Unplaced, AReplicaThatIsHeldSaysWhy) {
  EXPECT_EQ(Told(), "");
  TellFirst();
  EXPECT_EQ(Told(), "False GangIncomplete: 2 of 4 replicas wait: 1/10 nodes");
  EXPECT_EQ(job.status().phase, "Running");
}

TEST_F(Unplaced, NotBeforeTheReasonHasSettled) {
  Hold(Reason::kGangIncomplete, "1/10 nodes");
  const JobActions actions = Write();
  EXPECT_FALSE(actions.status);
  EXPECT_EQ(actions.wake_in_ms, 500);
}

TEST_F(Unplaced, WhatIsToldIsNotWrittenAgain) {
  TellFirst();
  EXPECT_FALSE(job.At(10'000).Plan().status);
}

TEST_F(Unplaced, NewNumbersAreNoWriteOfTheirOwn) {
  TellFirst();
  job.entry.more_hold->text = "2/10 nodes";
  EXPECT_FALSE(job.At(10'000).Plan().status);
}

TEST_F(Unplaced, NewNumbersGoWithTheNextWrite) {
  TellFirst();
  job.entry.more_hold->text = "2/10 nodes";
  job.pod(0).phase = PodPhase::kSucceeded;
  job.At(200);
  ASSERT_TRUE(Write().status);
  EXPECT_EQ(Told(), "False GangIncomplete: 2 of 4 replicas wait: 2/10 nodes");
}

TEST_F(Unplaced, ANewReasonIsToldTenSecondsAfterTheLastWrite) {
  TellFirst();
  job.At(105);
  Hold(Reason::kWaitingForQuota, "8 of 8 used");
  const JobActions early = Write();
  EXPECT_FALSE(early.status);
  EXPECT_EQ(early.wake_in_ms, 6'000);
  job.At(111);
  Write();
  EXPECT_EQ(Told(), "False WaitingForQuota: 2 of 4 replicas wait: 8 of 8 used");
}

TEST_F(Unplaced, BeforeTheJobRunsItIsNoWriteOfItsOwn) {
  job.status().attempt_ready_at = {};
  job.pod(0).ready = job.pod(1).ready = false;
  job.status().tasks = job.Plan().counted;
  TellFirst();
  EXPECT_EQ(Told(), "");
}

TEST_F(Unplaced, TheCommitOfTheLastReplicaSaysThatAllAreThere) {
  TellFirst();
  job.entry.more_hold.reset();
  job.entry.placement->assignments.push_back({"b", "", "main", "2-3"});
  job.entry.backing = state::Backing::kDecided;
  RefreshSlots(job.entry);
  Write();
  EXPECT_EQ(Told(), "True Scheduled: ");
}

TEST_F(Unplaced, TheEndOfTheAttemptIsToldThereToo) {
  TellFirst();
  job.spec().suspend = true;
  Write();
  job.pod(0).phase = job.pod(1).phase = PodPhase::kFailed;
  Write();
  ASSERT_EQ(job.status().phase, "Suspended");
  EXPECT_EQ(Told(), "False Suspended: spec.suspend is true");
}

// ---- On a cluster ----

class UnplacedTest : public testing::JobFixture {
 protected:
  UnplacedTest() {
    PutNode("n1", 8);
    PutJob("grow", 3, 4, R"(,"gang":{"minMember":1})");
    Settle();
    RunPods("grow");
    After(2);
    After(11);
  }
  std::size_t StatusWrites() { return api_.Seen("PATCH", JobPath("grow") + "/status").size(); }
  const api::Condition* Told() {
    status_ = Status("grow");
    return FindCondition(status_.conditions, kType);
  }

 private:
  api::JobStatus status_;
};

TEST_F(UnplacedTest, TheConditionHasTheSchedulersReasonAndSentence) {
  ASSERT_NE(Told(), nullptr);
  EXPECT_EQ(Told()->status, "False");
  EXPECT_EQ(Told()->reason, "GangIncomplete");
  EXPECT_NE(Told()->message.str().find("1 of 3 replicas waits: "), std::string::npos)
      << Told()->message;
}

TEST_F(UnplacedTest, WhileNothingChangesNothingIsWritten) {
  const std::size_t before = StatusWrites();
  for (int i = 0; i < 5; ++i) After(100);
  EXPECT_EQ(StatusWrites(), before);
}

TEST_F(UnplacedTest, ANewLeaderWritesNothingForTheSameReason) {
  const std::size_t before = StatusWrites();
  Entry("grow").more_hold.reset();
  state_.SetBarrier(2);
  state_.MarkAllJobs();
  for (int i = 0; i < 5; ++i) After(100);
  EXPECT_EQ(StatusWrites(), before);
}

TEST_F(UnplacedTest, OnceAllArePlacedItIsTrueWithoutAWriteOfItsOwn) {
  PutNode("n2", 8);
  const std::size_t before = StatusWrites();
  Settle();
  ASSERT_EQ(PodsOf("grow").size(), 3u);
  EXPECT_EQ(Told()->status, "True");
  EXPECT_EQ(StatusWrites(), before + 1);
}

}  // namespace
}  // namespace muster::op
