// People may change whose a pod is while it runs.
#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"
#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

constexpr char kOfJob[] =
    R"([{"apiVersion":"scheduler.io/v1","kind":"Job","name":"j","uid":"u","controller":true}])";

api::Job TheJob() {
  return api::Decode<api::Job>(
      R"({"metadata":{"namespace":"a","name":"j","uid":"u","generation":1,"resourceVersion":"1"},)"
      R"("spec":{"tasks":[{"name":"main","replicas":2,"template":{"spec":{"containers":[]}}}]}})");
}

// The first pod of the job, with four GPUs on n1.
api::Pod ThePod(const std::string& owners) {
  return api::Decode<api::Pod>(
      R"({"metadata":{"namespace":"a","name":"j-main-0","uid":"p","ownerReferences":)" + owners +
      R"(,"labels":{"scheduler.io/fenced":"true","scheduler.io/attempt":"1",)"
      R"("scheduler.io/task":"main","scheduler.io/index":"0"}},)"
      R"("spec":{"nodeName":"n1","schedulerName":"muster","containers":[{"name":"c",)"
      R"("resources":{"requests":{"nvidia.com/gpu":"4"}}}]}})");
}

api::Node TheNode(const std::string& ready) {
  return api::Decode<api::Node>(
      R"({"metadata":{"name":"n1","uid":"n"},"status":{"allocatable":{"nvidia.com/gpu":"8"},)"
      R"("conditions":[{"type":"Ready","status":")" +
      ready + R"("}]}})");
}

class PodOwnerTest : public testing::Test {
 protected:
  PodOwnerTest() {
    state_.Upsert(TheNode("True"));
    state_.Upsert(TheJob());
  }
  std::int64_t FreeGpus() { return AmountOf(*state_.world().FreeOn("n1"), "nvidia.com/gpu"); }
  const std::set<std::string>& PodsOfJob() { return state_.FindJob("a/j")->pods; }

  ClusterState state_{{}, base::SystemClock()};
};

TEST_F(PodOwnerTest, APodThatLosesItsOwnerCountsOnceUntilItIsGone) {
  state_.Upsert(ThePod(kOfJob));
  ASSERT_EQ(FreeGpus(), 4);
  state_.Upsert(ThePod("[]"));
  EXPECT_EQ(FreeGpus(), 4);
  state_.Remove(ThePod("[]"));
  EXPECT_EQ(FreeGpus(), 8);
}

TEST_F(PodOwnerTest, APodThatLosesItsOwnerIsNoPodOfTheJobAnyMore) {
  state_.Upsert(ThePod(kOfJob));
  ASSERT_EQ(PodsOfJob().size(), 1u);
  state_.Upsert(ThePod("[]"));
  EXPECT_TRUE(PodsOfJob().empty());
  EXPECT_NE(state_.groups().Find("a/pod:j-main-0"), nullptr);
  state_.Remove(ThePod("[]"));
  EXPECT_NO_THROW(state_.Upsert(TheNode("False")));  // looks at the pods of all jobs
  EXPECT_EQ(state_.groups().Find("a/pod:j-main-0"), nullptr);
}

TEST_F(PodOwnerTest, APodThatGetsAnOwnerIsThatOnesAndCountsOnce) {
  state_.Upsert(ThePod("[]"));
  state_.Upsert(ThePod(kOfJob));
  EXPECT_EQ(PodsOfJob().size(), 1u);
  EXPECT_EQ(state_.FindPod("a/j-main-0")->slot.attempt, 1);
  EXPECT_EQ(state_.groups().Find("a/pod:j-main-0"), nullptr);
  EXPECT_EQ(FreeGpus(), 4);
}

}  // namespace
}  // namespace muster::state
