#include "controllers/foreign/reconciler.h"
#include "muster/api/codec.h"
#include "muster/sched/schedule.h"
#include "muster/state/amounts.h"
#include "operator/cluster_fixture.h"

namespace muster::op {
namespace {

constexpr char kPods[] = "/api/v1/namespaces/team/pods/";

class ForeignControllerTest : public testing::ClusterFixture {
 protected:
  ForeignControllerTest() {
    Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"a"}}})");
    PutOurs("tenants/a", "{}");
  }
  void PutPod(const std::string& name, int gpus, int min, const std::string& group = "g") {
    Put(kPods + name,
        R"({"metadata":{"labels":{"scheduler.io/pod-group":")" + group +
            R"(","scheduler.io/pod-group-min":")" + std::to_string(min) +
            R"("}},"spec":{"schedulerName":"muster","containers":[{"name":"c","image":"i",
               "resources":{"limits":{"nvidia.com/gpu":")" +
            std::to_string(gpus) + R"("},"requests":{"nvidia.com/gpu":")" + std::to_string(gpus) +
            R"("}}}]},"status":{"phase":"Pending"}})");
  }
  // Somebody deletes it, and it has not ended yet.
  void SetDeleted(const std::string& name) {
    std::string json = *api_.Get(kPods + name);
    json.replace(json.find(R"("metadata":{)"), 12,
                 R"("metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z",)");
    Put(kPods + name, json);
  }
  // Controllers, then one cycle of the scheduler, as the loop does.
  void Settle() {
    on_wake_ = [this](const std::string& key) { state_.MarkGroup(key); };
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.groups) controller_.Reconcile(key);
      Cycle();
    });
  }
  void Cycle() {
    state_.world().SetNow(clock_.Now());
    const sched::Plan plan = sched::Schedule(state_.world(), policy_, cache_);
    state_.world().SetReservations(plan.reservations);
    for (const sched::Start& start : plan.starts) {
      const std::string uid = state_.world().gang(start.gang).uid;
      controller_.Bind(uid.substr(std::string("group/").size()), start);
    }
    for (const sched::Hold& hold : plan.holds) {
      const std::string uid = state_.world().gang(hold.gang).uid;
      state::ForeignGroup* group = state_.groups().Find(uid.substr(6));
      if (group == nullptr || group->hold_text == plan.texts[hold.text]) continue;
      group->hold_reason = hold.reason;
      group->hold_text = plan.texts[hold.text];
      state_.MarkGroup(group->key);
    }
  }
  std::string NodeOf(const std::string& pod) { return Read<api::Pod>(kPods + pod).node_name; }
  std::string Told(const std::string& pod) { return Read<api::Pod>(kPods + pod).scheduled_message; }
  std::size_t Bindings() { return Writes("*/binding").size(); }

  sched::Policy policy_;
  sched::Cache cache_;
  ForeignController controller_{state_, actuator_, Wake()};
};

TEST_F(ForeignControllerTest, WholeGroupIsBound) {
  PutNode("n1", 8);
  PutNode("n2", 8);
  for (const char* name : {"p0", "p1", "p2", "p3"}) PutPod(name, 4, 4);
  Settle();
  for (const char* name : {"p0", "p1", "p2", "p3"}) EXPECT_NE(NodeOf(name), "") << name;
  EXPECT_EQ(Bindings(), 4u);
  EXPECT_EQ(state::AmountOf(*state_.world().FreeOn("n1"), "nvidia.com/gpu"), 0);
}

TEST_F(ForeignControllerTest, IncompleteGroupWaitsAndSaysSo) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1", "p2"}) PutPod(name, 1, 4);
  Settle();
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Bindings(), 0u);
  EXPECT_EQ(Told("p1"), "GangIncomplete: 3 of 4 pods exist");
  PutPod("p3", 1, 4);
  Settle();
  EXPECT_EQ(Bindings(), 4u);
}

TEST_F(ForeignControllerTest, ASmallerGroupOfTheSameNameDoesNotWaitForTheMinimumOfTheLast) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1", "p2", "p3"}) PutPod(name, 1, 4);
  Settle();
  for (const char* name : {"p0", "p1", "p2", "p3"}) SetDeleted(name);
  PutPod("q0", 1, 2);
  PutPod("q1", 1, 2);
  Settle();
  EXPECT_EQ(NodeOf("q0"), "n1");
  EXPECT_EQ(NodeOf("q1"), "n1");
}

TEST_F(ForeignControllerTest, AMinimumThatIsLoweredOnAllPodsHolds) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1"}) PutPod(name, 1, 4);
  Settle();
  ASSERT_EQ(Bindings(), 0u);
  PutPod("p0", 1, 2);
  Settle();
  EXPECT_EQ(Bindings(), 0u);  // the other pod still says 4
  PutPod("p1", 1, 2);
  Settle();
  EXPECT_EQ(Bindings(), 2u);
}

TEST_F(ForeignControllerTest, GroupThatDoesNotFitIsNotBoundInPart) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1", "p2"}) PutPod(name, 4, 3);
  Settle();  // held
  Settle();  // noted, and told once it has waited a second
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Bindings(), 0u);
  EXPECT_EQ(Told("p0"),
            "ExceedsMaxQuota: needs 12 nvidia.com/gpu (3 pods x 4); the cluster has 8 in all");
}

TEST_F(ForeignControllerTest, AReasonThatCouldNotBeWrittenIsWrittenASecondLater) {
  PutPod("p0", 1, 2);
  Settle();
  api_.Inject({.method = "PATCH", .path = "*/p0/status", .status = 500});
  clock_.Advance(1'000);
  Settle();
  ASSERT_EQ(Writes("*/p0/status").size(), 1u);
  EXPECT_EQ(Told("p0"), "");
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Told("p0"), "GangIncomplete: 1 of 2 pods exist");
}

TEST_F(ForeignControllerTest, AReasonThatCouldNotBeWrittenWakesItsGroup) {
  PutPod("p0", 1, 2);
  Settle();
  std::set<std::string> woken;
  on_wake_ = [&woken](const std::string& key) { woken.insert(key); };
  const auto watch = [this] { ClusterFixture::Settle([](const state::Dirty&) {}); };
  clock_.Advance(1'000);
  watch();
  woken.clear();
  api_.Inject({.method = "PATCH", .path = "*/p0/status", .status = 500});
  controller_.Reconcile("team/g");
  Answers();
  clock_.Advance(1'000);
  watch();
  EXPECT_EQ(woken, std::set<std::string>{"team/g"});
}

TEST_F(ForeignControllerTest, GroupWaitsForItsClaimAndGoesWhereItsVolumeIs) {
  PutNode("n1", 8, "z1");
  PutNode("n2", 8, "z2");
  Put(kPods + std::string("p0"),
      R"({"spec":{"schedulerName":"muster","containers":[{"name":"c","image":"i"}],
          "volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"data"}}]}})");
  Settle();
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Told("p0"),
            "NoMatchingNodes: pod p0: spec.volumes[0].persistentVolumeClaim: claim data does not "
            "exist");
  PutBound("data", "z2");
  Settle();
  EXPECT_EQ(NodeOf("p0"), "n2");
}

TEST_F(ForeignControllerTest, BindingThatIsNotObservedCountsOnItsNode) {
  PutNode("n1", 8);
  PutPod("p0", 8, 1, "g0");
  Sync();
  for (const std::string& key : state_.TakeDirty().groups) controller_.Reconcile(key);
  Cycle();
  EXPECT_EQ(state::AmountOf(*state_.world().FreeOn("n1"), "nvidia.com/gpu"), 0);
  Answers();
}

TEST_F(ForeignControllerTest, ConflictIsReadAgainAndThenBound) {
  PutNode("n1", 8);
  PutPod("p0", 1, 1);
  Sync();
  for (const std::string& key : state_.TakeDirty().groups) controller_.Reconcile(key);
  PutPod("p0", 1, 1);  // changed by somebody since we looked
  Cycle();
  Answers();
  EXPECT_EQ(controller_.counters().conflicts, 1);
  EXPECT_EQ(NodeOf("p0"), "");
  Settle();
  EXPECT_EQ(NodeOf("p0"), "n1");
}

TEST_F(ForeignControllerTest, BindingThatTheFenceRefusedIsMadeAfterAPause) {
  PutNode("n1", 8);
  PutPod("p0", 1, 1);
  api_.Inject({.method = "POST",
               .path = "*/binding",
               .status = 403,
               .reason = "Forbidden",
               .message = "fenced: u does not hold the lease",
               .times = 100});
  Settle();
  EXPECT_EQ(Bindings(), 1u);
  EXPECT_EQ(controller_.counters().refused, 0);
  api_.ClearFaults();
  clock_.Advance(2'000);
  Settle();
  EXPECT_EQ(NodeOf("p0"), "n1");
}

TEST_F(ForeignControllerTest, LostAnswerBindsNothingTwice) {
  PutNode("n1", 8);
  PutPod("p0", 1, 1);
  api_.Inject(
      {.method = "POST", .path = "*/binding", .kind = muster::testing::FaultKind::kLostResponse});
  Settle();
  clock_.Advance(20'000);
  Settle();
  EXPECT_EQ(NodeOf("p0"), "n1");
  EXPECT_EQ(Bindings(), 1u);
}

TEST_F(ForeignControllerTest, BindingThatNobodyAnsweredKeepsItsPlaceUntilTheServerTells) {
  PutNode("n1", 8);
  PutPod("p0", 8, 1);
  api_.Inject(
      {.method = "POST", .path = "*/binding", .kind = muster::testing::FaultKind::kLostResponse});
  const auto turn = [this] {  // the watch shows nothing
    for (const std::string& key : state_.TakeDirty().groups) controller_.Reconcile(key);
    Cycle();
    Answers();
  };
  Sync();
  turn();
  turn();
  for (int i = 0; i < 8; ++i) {
    clock_.Advance(3'000);
    state_.MarkGroup("team/g");
    turn();
    EXPECT_EQ(state::AmountOf(*state_.world().FreeOn("n1"), "nvidia.com/gpu"), 0) << i;
  }
  EXPECT_EQ(Bindings(), 1u);
}

TEST_F(ForeignControllerTest, BindingThatNeverArrivedIsMadeAgain) {
  PutNode("n1", 8);
  PutPod("p0", 8, 1);
  api_.Inject(
      {.method = "POST", .path = "*/binding", .kind = muster::testing::FaultKind::kNoAnswer});
  Settle();
  EXPECT_EQ(NodeOf("p0"), "");
  clock_.Advance(11'000);
  Settle();
  Settle();  // it was looked for
  EXPECT_EQ(NodeOf("p0"), "n1");
}

TEST_F(ForeignControllerTest, PartialGroupIsReleasedAfterItsTimeout) {
  PutNode("n1", 8);
  PutPod("p0", 1, 2);
  PutPod("p1", 1, 2);
  api_.Inject({.method = "POST",
               .path = "*/p1/binding",
               .status = 403,
               .reason = "Forbidden",
               .message = "not this pod",
               .times = 1'000});
  Settle();
  EXPECT_EQ(NodeOf("p0"), "n1");
  EXPECT_EQ(controller_.counters().refused, 1);
  for (int i = 0; i < 61; ++i) {
    clock_.Advance(10'000);
    // A look while a Binding is under way does not begin the time anew.
    Sync();
    for (const std::string& key : state_.TakeDirty().groups) controller_.Reconcile(key);
    Cycle();
    for (const std::string& key : state_.TakeDirty().groups) controller_.Reconcile(key);
    Settle();
  }
  EXPECT_NE(Read<api::Pod>(std::string(kPods) + "p0").meta.deletion.unix_ms, 0);
  EXPECT_EQ(Writes("*/pods/p0").size(), 1u);  // one delete
  EXPECT_NE(NodeOf("p1"), "n1");
}

TEST_F(ForeignControllerTest, PartialGroupIsReleasedThoughThePodItLacksIsGone) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1", "p2"}) PutPod(name, 1, 3);
  api_.Inject({.method = "POST",
               .path = "*/p2/binding",
               .status = 403,
               .reason = "Forbidden",
               .message = "not this pod",
               .times = 1'000});
  Settle();
  EXPECT_EQ(NodeOf("p1"), "n1");
  RemoveObject(std::string(kPods) + "p2");
  Settle();
  clock_.Advance(601'000);
  Settle();
  for (const char* name : {"p0", "p1"}) {
    EXPECT_NE(Read<api::Pod>(kPods + std::string(name)).meta.deletion.unix_ms, 0) << name;
  }
}

TEST_F(ForeignControllerTest, AGroupThatRanWholeGoesOnWithoutAPodThatIsGone) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1", "p2"}) PutPod(name, 1, 3);
  Settle();
  EXPECT_EQ(NodeOf("p2"), "n1");
  RemoveObject(std::string(kPods) + "p2");
  Settle();
  clock_.Advance(601'000);
  state_.MarkGroup("team/g");
  Settle();
  EXPECT_TRUE(api_.Seen("DELETE").empty());
}

TEST_F(ForeignControllerTest, PartialGroupOfAnOlderLeaderIsFinishedFirst) {
  PutNode("n1", 8);
  PutPod("p0", 4, 2);
  PutPod("p1", 4, 2);
  std::string json = *api_.Get(std::string(kPods) + "p0");
  json.replace(json.find(R"("spec":{)"), 8, R"("spec":{"nodeName":"n1",)");
  Put(std::string(kPods) + "p0", json);
  PutPod("z0", 4, 1, "other");
  Settle();
  EXPECT_EQ(NodeOf("p1"), "n1");
  EXPECT_EQ(NodeOf("z0"), "");
}

TEST_F(ForeignControllerTest, EvictedGroupIsDeletedOnceAndReleasing) {
  PutNode("n1", 8);
  PutPod("p0", 1, 2);
  PutPod("p1", 1, 2);
  Settle();
  controller_.Evict("team/g", "for somebody");
  controller_.Evict("team/g", "for somebody");
  EXPECT_EQ(state_.world().FindGang("group/team/g")->state, sched::GangState::kReleasing);
  Settle();
  EXPECT_NE(Read<api::Pod>(std::string(kPods) + "p0").meta.deletion.unix_ms, 0);
  EXPECT_EQ(controller_.counters().deleted, 2);
  RemoveObject(std::string(kPods) + "p0");
  RemoveObject(std::string(kPods) + "p1");
  Settle();
  EXPECT_EQ(state_.world().FindGang("group/team/g"), nullptr);
}

TEST_F(ForeignControllerTest, TheTenantCapsTheGraceOfAnEvictedGroup) {
  PutNode("n1", 8);
  Put(std::string(kPods) + "p0",
      R"({"metadata":{"labels":{"scheduler.io/pod-group":"g","scheduler.io/pod-group-min":"1"}},
          "spec":{"schedulerName":"muster","terminationGracePeriodSeconds":86400,
            "containers":[{"name":"c","image":"i"}]},"status":{"phase":"Pending"}})");
  Settle();
  EXPECT_EQ(state_.world().FindGang("group/team/g")->grace_ms, 600'000);
  controller_.Evict("team/g", "for somebody");
  Answers();
  const auto deletes = api_.Seen("DELETE");
  ASSERT_EQ(deletes.size(), 1u);
  EXPECT_NE(deletes[0].body.find(R"("gracePeriodSeconds":600)"), std::string::npos);
}

TEST_F(ForeignControllerTest, PodsBeyondTheMinimumFollowWhenThereIsRoom) {
  PutNode("n1", 8);
  for (const char* name : {"p0", "p1", "p2"}) PutPod(name, 4, 2);
  Settle();
  EXPECT_EQ(Bindings(), 2u);
  PutNode("n2", 8);
  Settle();
  EXPECT_EQ(Bindings(), 3u);
}

TEST_F(ForeignControllerTest, UnclaimedNamespaceIsNoTenant) {
  Put("/api/v1/namespaces/team", "{}");
  PutNode("n1", 8);
  PutPod("p0", 1, 1);
  Settle();
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Told("p0"), "NoTenant: no Tenant claims namespace team");
  EXPECT_EQ(Bindings(), 0u);
}

}  // namespace
}  // namespace muster::op
