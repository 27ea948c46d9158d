// What the scheduler is told of a job that runs.
#include "muster/state/gang.h"

#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"

namespace muster::state {
namespace {

// Job a/j of the tasks "main" and "side", one pod of each on a node.
class GangTest : public testing::Test {
 protected:
  GangTest() {
    state_.Upsert(api::Decode<api::Namespace>(
        R"({"metadata":{"name":"a","labels":{"scheduler.io/tenant":"a"}}})"));
    PutTenant("{}");
  }
  void PutTenant(const std::string& preemption) {
    state_.Upsert(api::Decode<api::Tenant>(R"({"metadata":{"name":"a","uid":"t","generation":)" +
                                           std::to_string(++version_) +
                                           R"(},"spec":{"preemption":)" + preemption + "}}"));
  }
  void PutJob(const std::string& preemption) {
    const std::string version = std::to_string(++version_);
    const std::string task = R"(,"replicas":1,"template":{"spec":{}}})";
    state_.Upsert(api::Decode<api::Job>(
        R"({"metadata":{"namespace":"a","name":"j","uid":"u","generation":)" + version +
        R"(,"resourceVersion":")" + version + R"("},"spec":{"preemption":)" + preemption +
        R"(,"tasks":[{"name":"main")" + task + R"(,{"name":"side")" + task + R"(]},)" +
        R"("status":{"attempt":1,"placement":{"attempt":1,"state":"Committed","assignments":[)" +
        R"({"node":"n","task":"main","indexes":"0"},{"node":"n","task":"side","indexes":"0"}]}}})"));
  }
  void PutPod(const std::string& task, const std::string& grace_seconds,
              const std::string& phase = "Running") {
    state_.Upsert(api::Decode<api::Pod>(
        R"({"metadata":{"namespace":"a","name":"j-)" + task + R"(","uid":"p-)" + task +
        R"(","labels":{"scheduler.io/fenced":"","scheduler.io/attempt":"1","scheduler.io/task":")" +
        task + R"(","scheduler.io/index":"0"},"ownerReferences":[{"kind":"Job","uid":"u",)" +
        R"("apiVersion":"scheduler.io/v1","controller":true}]},"spec":{"nodeName":"n",)" +
        R"("terminationGracePeriodSeconds":)" + grace_seconds + R"(},"status":{"phase":")" + phase +
        R"("}})"));
  }
  sched::Gang Gang() {
    state_.FoldJob(*state_.FindJob("a/j"), false);
    return *state_.world().FindGang("u");
  }

  int version_ = 0;
  ClusterState state_{{}, base::SystemClock()};
};

TEST_F(GangTest, NoJobIsProtectedAfterFewerPreemptionsThanItsTenantSays) {
  PutJob(R"({"maxPreemptions":0})");
  EXPECT_EQ(Gang().max_preemptions, 5);
  PutTenant(R"({"maxPreemptions":2})");
  EXPECT_EQ(Gang().max_preemptions, 2);
}

TEST_F(GangTest, AJobMayBearMorePreemptionsThanItsTenantSays) {
  PutTenant(R"({"maxPreemptions":2})");
  PutJob(R"({"maxPreemptions":7})");
  EXPECT_EQ(Gang().max_preemptions, 7);
}

TEST_F(GangTest, ThePodThatTakesLongestToEndTellsWhenThePlaceIsFree) {
  PutJob("{}");
  EXPECT_EQ(Gang().grace_ms, 30'000);  // no pod and no dry run has told
  PutPod("main", "20");
  EXPECT_EQ(Gang().grace_ms, 20'000);
  PutPod("side", "300");
  EXPECT_EQ(Gang().grace_ms, 300'000);
  PutPod("side", "300", "Succeeded");
  EXPECT_EQ(Gang().grace_ms, 20'000);
}

TEST_F(GangTest, ATemplateTellsForPodsThatAreNotThereYet) {
  PutJob("{}");
  PutPod("main", "20");
  Template& side = *TemplateOf(*state_.FindJob("a/j"), 1);
  side.known = true;
  side.grace_seconds = 400;
  EXPECT_EQ(Gang().grace_ms, 400'000);
}

TEST_F(GangTest, TheJobsOwnGraceAndTheTenantsCapAreThoseOfTheDeletes) {
  PutJob(R"({"gracePeriodSeconds":90})");
  PutPod("main", "7200");
  EXPECT_EQ(Gang().grace_ms, 90'000);
  PutJob("{}");
  EXPECT_EQ(Gang().grace_ms, 600'000);
  PutTenant(R"({"maxGracePeriodSeconds":50})");
  EXPECT_EQ(Gang().grace_ms, 50'000);
}

}  // namespace
}  // namespace muster::state
