#include <set>

#include "controllers/foreign/reconciler.h"
#include "controllers/job/reconciler.h"
#include "muster/api/codec.h"
#include "operator/cluster_fixture.h"
#include "scheduler_loop.h"

namespace muster::op {
namespace {

constexpr char kJob[] = "/apis/scheduler.io/v1/namespaces/team/jobs/wide";

// A job that waits for more GPUs than there are; the loop of the program in miniature.
class HoldTextTest : public testing::ClusterFixture {
 protected:
  HoldTextTest() {
    Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"a"}}})");
    PutOurs("tenants/a", "{}");
    PutNode("n", 4);
    PutOurs("namespaces/team/jobs/wide", R"({"image":"i","resources":{"gpu":8}})");
    on_wake_ = [this](const std::string& key) { state_.MarkJob(key); };
    for (int i = 0; i < 3; ++i) After(1);
  }
  void After(std::int64_t seconds) {
    clock_.Advance(seconds * 1000);
    Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.jobs) jobs_.Reconcile(key);
      Cycle();
    });
  }
  void Cycle() {
    const std::int64_t wait = loop_.Cycle();
    if (wait < 1 || wait > 500) return;
    clock_.Advance(wait);  // a cycle that follows a long one waits for its turn
    loop_.Cycle();
  }
  // What a cycle of the scheduler alone has somebody look at, with so many GPUs on the node.
  std::set<std::string> MarkedWith(int gpus) {
    PutNode("n", gpus);
    Sync();
    state_.TakeDirty();
    Cycle();
    return state_.TakeDirty().jobs;
  }

  JobReconciler jobs_{state_, actuator_, Wake()};
  SchedulerLoop loop_{state_, actuator_, {}};
};

TEST_F(HoldTextTest, WhileTheLastTextIsYoungTheJobIsToldOfNewOnesOnce) {
  ASSERT_NE(Read<api::Job>(kJob).status.message, "");
  EXPECT_EQ(MarkedWith(6).count("team/wide"), 1u);
  EXPECT_EQ(MarkedWith(7).count("team/wide"), 0u);
}

TEST_F(HoldTextTest, NewNumbersAreToldTenSecondsAfterTheLastOnes) {
  const std::string first = Read<api::Job>(kJob).status.message;
  PutNode("n", 6);
  After(1);
  EXPECT_EQ(Read<api::Job>(kJob).status.message, first);
  After(10);
  EXPECT_NE(Read<api::Job>(kJob).status.message, first);
}

// The same for a group of one foreign pod.
class GroupTextTest : public testing::ClusterFixture {
 protected:
  GroupTextTest() {
    Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"a"}}})");
    PutOurs("tenants/a", "{}");
    PutNode("n", 4);
    Put(kPod, R"({"spec":{"schedulerName":"muster","containers":[{"name":"c","image":"i",
        "resources":{"limits":{"nvidia.com/gpu":"8"},"requests":{"nvidia.com/gpu":"8"}}}]}})");
    on_wake_ = [this](const std::string& key) { state_.MarkGroup(key); };
    for (int i = 0; i < 3; ++i) After(1);
  }
  void After(std::int64_t seconds) {
    clock_.Advance(seconds * 1000);
    Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.groups) groups_.Reconcile(key);
      Cycle();
    });
    for (const std::string& key : state_.TakeDirty().groups) groups_.Reconcile(key);
    Answers();
  }
  void Cycle() {
    const std::int64_t wait = loop_.Cycle();
    if (wait < 1 || wait > 500) return;
    clock_.Advance(wait);  // a cycle that follows a long one waits for its turn
    loop_.Cycle();
  }
  // What a cycle of the scheduler alone has somebody look at, with so many GPUs on the node.
  std::set<std::string> MarkedWith(int gpus) {
    PutNode("n", gpus);
    Sync();
    state_.TakeDirty();
    Cycle();
    return state_.TakeDirty().groups;
  }
  std::string Told() { return Read<api::Pod>(kPod).scheduled_message; }

  static constexpr char kPod[] = "/api/v1/namespaces/team/pods/p";
  ForeignController groups_{state_, actuator_, Wake()};
  SchedulerLoop loop_{state_, actuator_, {}};
};

TEST_F(GroupTextTest, WhileItIsToTellANewTextTheGroupIsMarkedOnce) {
  ASSERT_NE(Told(), "");
  EXPECT_EQ(MarkedWith(6).count("team/pod:p"), 1u);
  groups_.Reconcile("team/pod:p");
  EXPECT_EQ(MarkedWith(7).count("team/pod:p"), 0u);
}

TEST_F(GroupTextTest, NewNumbersAreToldTenSecondsAfterTheLastOnes) {
  const std::string first = Told();
  ASSERT_NE(first, "");
  for (const int gpus : {6, 7}) {  // the second while the first is not told yet
    PutNode("n", gpus);
    After(1);
    EXPECT_EQ(Told(), first);
  }
  After(10);
  EXPECT_NE(Told().find("7"), std::string::npos) << Told();
  PutNode("n", 5);
  After(1);
  After(10);
  EXPECT_NE(Told().find("5"), std::string::npos) << Told();
}

}  // namespace
}  // namespace muster::op
