// What the watch shows, what was answered and what was really done come apart: a place stays taken,
// and nothing hangs, until it is known.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using muster::testing::FaultKind;
using testing::JobFixture;

class JobRecoveryTest : public JobFixture {
 protected:
  JobRecoveryTest() { PutNode("n1", 8); }

  // As far as the commit of "train", which has been carried out; nobody has heard of it yet.
  void CommitUnheard() {
    PutJob("train", 2, 4);
    Sync();
    Turn();
    Answers();  // the template
    Turn();     // the decision
    Turn();     // the commit
    Carried();
  }
  void Deliver() {
    Answers();
    Turn();
  }
  void BreakCommit(FaultKind kind) {
    api_.Inject({.method = "PATCH", .path = "*/jobs/train/status", .kind = kind});
  }
  void BreakCreate(FaultKind kind, int times = 1) {
    api_.Inject({.method = "POST",
                 .path = "/api/v1/namespaces/team/pods",
                 .kind = kind,
                 .times = times,
                 .skip = 1});  // the dry run passes
  }
};

// ---- Versions of the Job ----

TEST_F(JobRecoveryTest, AnEditSeenBeforeTheAnswerOfAnEarlierWriteIsNotForgotten) {
  CommitUnheard();
  SeeJob("train");
  EditJob("train", R"({"cancel":true})");
  SeeJob("train");
  Deliver();
  EXPECT_TRUE(Entry("train").job.spec.cancel);
  Answers();
  Settle();
  RemovePods("train");
  After(1);
  EXPECT_EQ(Status("train").phase, "Cancelled");
}

TEST_F(JobRecoveryTest, AnEventOlderThanTheAnsweredWriteIsPassedOver) {
  PutJob("train", 2, 4);
  Sync();
  const api::Job old = Read<api::Job>(JobPath("train"));
  Settle();
  ASSERT_TRUE(Entry("train").placement);
  Entry("train").ledger.awaited_version = Entry("train").job.meta.resource_version;
  state_.Upsert(old);
  EXPECT_TRUE(Entry("train").placement);
}

TEST_F(JobRecoveryTest, AListMadeBeforeTheCommitDoesNotFreeItsPlace) {
  PutJob("train", 2, 4);
  Sync();
  Turn();
  Answers();
  Turn();
  const std::vector<api::Job> listed = {Read<api::Job>(JobPath("train"))};
  Turn();
  Carried();
  Answers();
  ASSERT_EQ(Entry("train").backing, state::Backing::kStatus);
  state_.Replace(listed);
  Turn();
  EXPECT_EQ(FreeGpus("n1"), 0);
  Answers();  // it was read back
  EXPECT_FALSE(Entry("train").ledger.doubted);
  EXPECT_TRUE(Entry("train").placement);
  SeeJob("train");
  EditJob("train", R"({"cancel":true})");
  SeeJob("train");
  EXPECT_TRUE(Entry("train").job.spec.cancel);
}

TEST_F(JobRecoveryTest, AListThatSkippedOurWriteIsTakenInOnceTheJobIsReadBack) {
  CommitUnheard();
  Answers();  // the commit is answered, the watch is broken
  EditJob("train", R"({"cancel":true})");
  state_.Replace(std::vector<api::Job>{Read<api::Job>(JobPath("train"))});
  Turn();
  Answers();
  EXPECT_TRUE(Entry("train").job.spec.cancel);
  EditJob("train", R"({"ttlSecondsAfterFinished":7})");
  SeeJob("train");
  EXPECT_EQ(Entry("train").job.spec.ttl_seconds_after_finished, 7);
}

// ---- Commits ----

TEST_F(JobRecoveryTest, APlaceStaysTakenWhenTheCommitWasCarriedOutUnanswered) {
  BreakCommit(FaultKind::kLostResponse);
  CommitUnheard();
  Answers();
  for (int i = 0; i < 5; ++i) {
    Turn();
    Carried();
    Answers();
    EXPECT_EQ(FreeGpus("n1"), 0);
    clock_.Advance(300);
    state_.MarkJob("team/train");
  }
  EXPECT_EQ(Entry("train").backing, state::Backing::kStatus);
  EXPECT_EQ(Status("train").attempt, 1);
}

TEST_F(JobRecoveryTest, ADecisionWhoseCommitWasNotAnsweredIsNotDroppedForALostNode) {
  BreakCommit(FaultKind::kLostResponse);
  CommitUnheard();
  Answers();
  Edit("/api/v1/nodes/n1", R"({"spec":{"unschedulable":true}})");
  state_.Upsert(Read<api::Node>("/api/v1/nodes/n1"));
  state_.MarkJob("team/train");
  clock_.Advance(300);
  Turn();
  EXPECT_TRUE(Entry("train").placement);
  Settle();
  After(1);
  EXPECT_FALSE(Status("train").placement);  // committed, and released in order
  EXPECT_TRUE(PodsOf("train").empty());
}

TEST_F(JobRecoveryTest, ACommitThatSomebodyElsesWriteForestalledIsDecidedAgain) {
  PutJob("train", 2, 4);
  Sync();
  Turn();
  Answers();
  Turn();
  EditJob("train", R"({"ttlSecondsAfterFinished":60})");
  Turn();
  Answers();
  EXPECT_FALSE(Entry("train").placement);
  clock_.Advance(300);
  Settle();
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

// ---- Creates ----

TEST_F(JobRecoveryTest, ACreateThatTheWatchNeverShowsIsLookedForAndMadeAgain) {
  CommitUnheard();
  Deliver();
  Answers();  // both pods are there
  RemovePods("train");
  After(11);
  Settle();  // they were looked for
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

TEST_F(JobRecoveryTest, AReleaseEndsAlthoughACreatedPodWasNeverSeen) {
  CommitUnheard();
  Deliver();
  Answers();
  RemovePods("train");
  EditJob("train", R"({"suspend":true})");
  Settle();
  EXPECT_EQ(Status("train").phase, "Scheduling");  // it may still show up
  After(11);
  EXPECT_EQ(Status("train").phase, "Suspended");
  EXPECT_TRUE(PodsOf("train").empty());
}

TEST_F(JobRecoveryTest, ANameWhoseHolderIsGoneIsCreatedAgain) {
  PutJob("one", 1, 8);
  api_.Inject({.method = "POST",
               .path = "/api/v1/namespaces/team/pods",
               .status = 409,
               .reason = "AlreadyExists",
               .skip = 1});
  Settle();
  After(2);
  Settle();  // it was looked for
  EXPECT_EQ(PodsOf("one").size(), 1u);
}

TEST_F(JobRecoveryTest, ANameHeldByAStrangerThatTheWatchDoesNotShowIsTold) {
  PutJob("one", 1, 8);
  Sync();
  Turn();
  Answers();
  const std::string name = api::PodName(Entry("one").job, "main", 0, 1);
  Put(kPodPath + name, "{}");
  Turn();
  Turn();
  Answers();  // AlreadyExists
  clock_.Advance(2'000);
  state_.MarkJob("team/one");
  Turn();
  Answers();  // whose it is
  Turn();
  Answers();
  EXPECT_EQ(Status("one").reason, "Misconfigured");
  EXPECT_NE(Status("one").message.str().find(name), std::string::npos) << Status("one").message;
}

TEST_F(JobRecoveryTest, NoAttemptBeginsWhileACreateOfTheLastOneMayStillArrive) {
  PutJob("one", 1, 8);
  BreakCreate(FaultKind::kLostResponse);
  Sync();
  Turn();
  Answers();
  Turn();
  Turn();
  Answers();  // created, and nobody knows
  EditJob("one", R"({"suspend":true})");
  SeeJob("one");
  clock_.Advance(300);
  Turn();
  Answers();
  EXPECT_EQ(FreeGpus("n1"), 0);
  EditJob("one", R"({"suspend":false})");
  SeeJob("one");
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(2'000);
    state_.MarkJob("team/one");
    Turn();
    Answers();
    EXPECT_EQ(PodsOf("one").size(), 1u);
  }
}

TEST_F(JobRecoveryTest, ARefusalEndsWithItsAttemptAlthoughNobodyAnsweredTheWriteOfItsEnd) {
  PutJob("one", 1, 8);
  api_.Inject({.method = "POST",
               .path = "/api/v1/namespaces/team/pods",
               .status = 403,
               .reason = "Forbidden",
               .message = "denied by a policy",
               .skip = 1});
  api_.Inject({.method = "PATCH", .path = "*/jobs/one/status", .kind = FaultKind::kLostResponse});
  Settle();
  ASSERT_EQ(Status("one").message, "denied by a policy");
  After(10);
  EXPECT_EQ(PodsOf("one").size(), 1u);
}

// The lease is in doubt for a moment: a renewal is answered after the deadline, and all goes on.
TEST_F(JobRecoveryTest, PodsThatTheWriteGateHeldBackAreCreatedOnceItOpensAgain) {
  CommitUnheard();
  LetWrite(false);
  Deliver();
  Answers();
  After(1);
  EXPECT_TRUE(PodsOf("train").empty());
  EXPECT_EQ(Entry("train").refusal, "");
  LetWrite(true);
  After(60);
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Status("train").attempt, 1);
}

// ---- What counts ----

TEST_F(JobRecoveryTest, CreatesInFlightCountAlthoughThePlacementIsBeingReleased) {
  CommitUnheard();
  Deliver();  // creates are on their way
  Carried();
  SeeJob("train");
  EditJob("train", R"({"suspend":true})");
  SeeJob("train");
  Turn();
  Answers();
  Turn();
  ASSERT_EQ(Status("train").placement->state, api::PlacementState::kReleasing);
  EXPECT_EQ(FreeGpus("n1"), 0);
}

TEST_F(JobRecoveryTest, CreatesInFlightCountAlthoughTheirJobIsGone) {
  CommitUnheard();
  Deliver();
  Carried();
  const std::vector<std::string> pods = PodsOf("train");
  ASSERT_EQ(pods.size(), 2u);
  state_.Remove(Read<api::Job>(JobPath("train")));
  EXPECT_EQ(FreeGpus("n1"), 0);
  SeePod(pods[0]);
  SeePod(pods[1]);
  EXPECT_EQ(FreeGpus("n1"), 0);
  state_.Remove(Read<api::Pod>(kPodPath + pods[0]));
  EXPECT_EQ(FreeGpus("n1"), 4);
}

TEST_F(JobRecoveryTest, ACreateThatWasRefusedAfterItsJobWasGoneFreesItsPlace) {
  api_.Inject({.method = "POST",
               .path = "/api/v1/namespaces/team/pods",
               .status = 404,
               .reason = "NotFound",
               .times = 2,
               .skip = 1});
  CommitUnheard();
  Deliver();
  Carried();
  state_.Remove(Read<api::Job>(JobPath("train")));
  EXPECT_EQ(FreeGpus("n1"), 0);
  EXPECT_TRUE(FindDrift(state_).empty());
  Answers();
  EXPECT_EQ(FreeGpus("n1"), 8);
}

TEST_F(JobRecoveryTest, AnOrphanedCreateThatNeverShowsUpEnds) {
  CommitUnheard();
  Deliver();
  Carried();
  state_.Remove(Read<api::Job>(JobPath("train")));
  Answers();
  RemovePods("train");
  clock_.Advance(31'000);
  state_.RunDue();
  EXPECT_EQ(FreeGpus("n1"), 8);
}

TEST_F(JobRecoveryTest, APodThatIsToBeCreatedAgainStillCounts) {
  CommitUnheard();
  Deliver();
  Answers();
  Sync();
  Turn();
  const std::string pod = PodsOf("train")[0];
  const api::Pod gone = Read<api::Pod>(kPodPath + pod);
  RemoveObject(kPodPath + pod);
  state_.Remove(gone);
  EXPECT_EQ(FreeGpus("n1"), 0);
  Turn();
  EXPECT_EQ(FreeGpus("n1"), 0);
}

}  // namespace
}  // namespace muster::op
