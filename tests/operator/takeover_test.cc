// What a new leader makes of what others left behind.
#include "operator/takeover_fixture.h"

namespace muster::op {
namespace {

using testing::TakeoverTest;

// ---- Placements ----

TEST_F(TakeoverTest, ACommittedGangGetsThePodsThatItsLeaderCouldNotMakeAnyMore) {
  PutJob("train", 2, 4);
  PutPlaced("train", "Committed", "0-1");
  PutPodOf("train", 0, 4);
  Lead();
  Settle();
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Status("train").attempt, 1);
}

TEST_F(TakeoverTest, ReplicasAboveMinMemberStartUnderANewLeader) {
  PutJob("train", 3, 2, R"(,"gang":{"minMember":1})");
  PutPlaced("train", "Materialised", "0");
  PutPodOf("train", 0, 2);
  Lead();
  Settle();
  RunPods("train");
  After(2);
  EXPECT_EQ(PodsOf("train").size(), 3u);
}

TEST_F(TakeoverTest, ReplicasAboveMinMemberStartAfterTheTenantWasEdited) {
  PutNode("n1", 1);
  PutJob("train", 2, 1, R"(,"gang":{"minMember":1})");
  Settle();
  RunPods("train");
  After(2);
  ASSERT_EQ(PodsOf("train").size(), 1u);
  PutOurs("tenants/a", R"({"weight":2})");
  Settle();
  PutNode("n1", 2);
  After(1);
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

TEST_F(TakeoverTest, ASinglePodOfTheLastLeaderIsThePlacementOfItsJob) {
  PutJob("one", 1, 8);
  PutPodOf("one", 0, 8);
  Lead();
  Settle();
  EXPECT_EQ(Entry("one").backing, state::Backing::kImplied);
  EXPECT_EQ(Entry("one").placement->assignments[0].node_uid,
            Read<api::Node>("/api/v1/nodes/n1").meta.uid);
  RunPods("one");
  After(1);
  EXPECT_EQ(PodsOf("one").size(), 1u);
  EXPECT_EQ(Status("one").attempt, 1);
  EXPECT_EQ(Status("one").epoch, 2);
}

TEST_F(TakeoverTest, APodThatTheLastLeaderTookBackIsNoPlacementAnyMore) {
  StandBy();
  PutJob("one", 1, 8);
  PutJob("other", 1, 8);
  PutPodOf("one", 0, 8);
  Sync();
  RemovePods("one");
  PutPodOf("other", 0, 8);  // which got its place
  Lead();
  Settle();
  EXPECT_TRUE(PodsOf("one").empty());
  EXPECT_FALSE(Entry("one").placement);
  EXPECT_EQ(FreeGpus("n1"), 0);
}

TEST_F(TakeoverTest, ASinglePodThatTheLastLeaderMovedIsPlacedWhereItIsNow) {
  PutNode("n2", 8);
  StandBy();
  PutJob("one", 1, 8);
  PutPodOf("one", 0, 8);
  Sync();
  RemovePods("one");
  PutPodOf("one", 0, 8, "n2");
  Lead();
  Settle();
  RunPods("one");
  After(1);
  EXPECT_EQ(Status("one").placement->assignments.at(0).node, "n2");
  EXPECT_EQ(PodsOf("one").size(), 1u);
}

// ---- What is void ----

TEST_F(TakeoverTest, APlacementOfAnOlderLeaderThatShowsUpAfterTheBarrierIsReleased) {
  PutJob("train", 2, 4);
  Lead();
  PutPlaced("train", "Committed", "0-1");
  Sync();
  EXPECT_TRUE(Entry("train").void_placement);
  Settle();
  EXPECT_TRUE(PodsOf("train").empty());
  EXPECT_FALSE(Status("train").placement);
  After(10);
  EXPECT_EQ(Status("train").attempt, 2);
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

TEST_F(TakeoverTest, AnOlderLeadersLateWordAboutAPlacementThatIsKnownUndoesNothing) {
  PutJob("train", 2, 4);
  PutPlaced("train", "Committed", "0-1");
  PutPodOf("train", 0, 4);
  PutPodOf("train", 1, 4);
  Lead();
  PutPlaced("train", "Materialised", "0-1");
  Settle();
  for (const std::string& pod : PodsOf("train")) {
    EXPECT_EQ(Read<api::Pod>(kPodPath + pod).meta.deletion.unix_ms, 0) << pod;
  }
  EXPECT_EQ(Status("train").placement->state, api::PlacementState::kMaterialised);
}

TEST_F(TakeoverTest, APodOfAGangIsAskedForOnceTheVoidOneWithItsNameIsGone) {
  PutJob("train", 2, 4);
  PutPlaced("train", "Committed", "0-1");
  Lead();
  PutPodOf("train", 0, 4);
  const std::string late = PodsOf("train").at(0);
  Settle();
  EXPECT_NE(Read<api::Pod>(kPodPath + late).meta.deletion.unix_ms, 0);
  EXPECT_EQ(PodsOf("train").size(), 2u);
  RemoveObject(kPodPath + late);
  Settle();
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Read<api::Pod>(kPodPath + late).meta.deletion.unix_ms, 0);
}

TEST_F(TakeoverTest, AVoidPodIsNoneOfThoseThatItsGangHasSeen) {
  PutJob("train", 2, 4);
  PutPlaced("train", "Committed", "0-1");
  Lead();
  PutPodOf("train", 0, 4);
  const std::string late = PodsOf("train").at(0);
  Settle();
  RunPods("train");
  Settle();
  After(2);  // what is ready is told
  EXPECT_EQ(Status("train").tasks.at(0).ready, 1);
  RemoveObject(kPodPath + late);
  Settle();
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Status("train").placement->state, api::PlacementState::kCommitted);
}

TEST_F(TakeoverTest, AVoidPodThatHasEndedGivesItsNameBackToo) {
  PutJob("one", 1, 8);
  Lead();
  PutPodOf("one", 0, 8);
  SetPods("one", R"({"phase":"Succeeded"})");
  Settle();
  ASSERT_EQ(PodsOf("one").size(), 1u);
  const api::Pod pod = Read<api::Pod>(kPodPath + PodsOf("one").at(0));
  EXPECT_EQ(pod.meta.annotations.at(api::kAnnotationEpoch), "2");
}

TEST_F(TakeoverTest, APodOfAnOlderLeaderThatShowsUpAfterTheBarrierIsDeleted) {
  PutJob("one", 1, 8);
  PutJob("other", 1, 8);
  Lead();
  PutPodOf("one", 0, 8);
  Settle();
  const api::Pod late = Read<api::Pod>(kPodPath + PodsOf("one").at(0));
  EXPECT_NE(late.meta.deletion.unix_ms, 0);
  EXPECT_FALSE(Entry("one").placement);
  EXPECT_TRUE(PodsOf("other").empty());  // it counts until it is gone
  RemovePods("one");
  Settle();
  EXPECT_EQ(PodsOf("one").size() + PodsOf("other").size(), 1u);
}

TEST_F(TakeoverTest, AJobThatWaitsForAPodOnADeadNodeSaysSo) {
  PutJob("one", 1, 8);
  Lead();
  PutPodOf("one", 0, 8);
  Settle();
  EXPECT_EQ(Status("one").reason, "");
  Edit("/api/v1/nodes/n1/status",
       R"({"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}})");
  After(1);
  EXPECT_EQ(Status("one").reason, "WaitingForLostNode");
  EXPECT_EQ(Status("one").message.str().substr(0, 35), "node n1 was lost with pod one-main-");
}

TEST_F(TakeoverTest, APodThatWasListedBeforeTheBarrierIsNotVoid) {
  PutJob("one", 1, 8);
  PutPodOf("one", 0, 8);
  Lead();
  Settle();
  EXPECT_EQ(Read<api::Pod>(kPodPath + PodsOf("one").at(0)).meta.deletion.unix_ms, 0);
}

TEST_F(TakeoverTest, TheEpochOfARecreatedLeaseMustExceedThatOfEveryStatus) {
  const auto highest = [&](const std::string& path, int epoch) {
    Edit(path + "/status", R"({"status":{"epoch":)" + std::to_string(epoch) + "}}");
    Sync();
    return state_.highest_epoch();
  };
  PutJob("train", 1, 1);
  PutOurs("namespaces/team/resourcequotas/q", R"({"hard":{"requests.cpu":"1"}})");
  EXPECT_EQ(highest(JobPath("train"), 3), 3);
  EXPECT_EQ(highest("/apis/scheduler.io/v1/tenants/a", 7), 7);
  EXPECT_EQ(highest("/apis/scheduler.io/v1/namespaces/team/resourcequotas/q", 9), 9);
}

// ---- What cannot be counted ----

TEST_F(TakeoverTest, ANodeWithACommittedPodOfUnknownSizeTakesNothing) {
  PutNode("n2", 1);
  PutJob("train", 1, 8);
  PutPlaced("train", "Committed", "0");
  PutJob("other", 1, 1);
  Refuse(1'000);
  Lead();
  Settle();
  EXPECT_TRUE(Entry("train").uncounted);
  EXPECT_TRUE(state_.world().FindNode("n1")->cordoned);
  EXPECT_FALSE(state_.world().FindNode("n2")->cordoned);
  api_.ClearFaults();
  After(40);
  After(5);
  EXPECT_FALSE(Entry("train").uncounted);
  EXPECT_FALSE(state_.world().FindNode("n1")->cordoned);
  EXPECT_EQ(Read<api::Pod>(kPodPath + PodsOf("other").at(0)).node_name, "n2");
}

TEST_F(TakeoverTest, ANodeIsFreeAgainWhenTheJobOfUnknownSizeIsDeleted) {
  PutJob("train", 1, 8);
  PutPlaced("train", "Committed", "0");
  Refuse(1'000);
  Lead();
  Settle();
  ASSERT_TRUE(state_.world().FindNode("n1")->cordoned);
  RemoveObject(JobPath("train"));
  Sync();
  EXPECT_FALSE(state_.world().FindNode("n1")->cordoned);
}

TEST_F(TakeoverTest, ATenantStartsNothingWhileAJobOfItsIsNotCounted) {
  PutNode("n2", 8);
  PutOurs("tenants/a", R"({"hard":{"gpu":"9"}})");
  PutJob("train", 1, 8);
  PutPlaced("train", "Committed", "0");
  PutJob("a", 1, 1);
  // Its dry run is answered, and nothing that follows.
  api_.Inject({.method = "POST", .path = "*/pods", .status = 500, .times = 1'000, .skip = 1});
  Lead();
  Settle();
  After(6);
  EXPECT_TRUE(PodsOf("a").empty());
  EXPECT_EQ(Status("a").reason, "WaitingForQuota");
  EXPECT_NE(Status("a").message.str().find("job team/train"), std::string::npos);
  api_.ClearFaults();
  After(40);
  After(5);
  EXPECT_EQ(PodsOf("a").size(), 1u);
}

}  // namespace
}  // namespace muster::op
