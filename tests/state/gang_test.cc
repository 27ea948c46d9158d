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
    state_.Upsert(api::Decode<api::Tenant>(
        R"({"metadata":{"name":"a","uid":"t","generation":)" + std::to_string(++version_) +
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

}  // namespace
}  // namespace muster::state
