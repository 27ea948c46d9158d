// Preemption and PodDisruptionBudgets, by the program's own loop.
#include "controllers/foreign/reconciler.h"
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

class BudgetTest : public testing::JobFixture {
 protected:
  BudgetTest() {
    scheduler_.SetGroups(
        [this](const std::string& group, const sched::Start& start) {
          foreign_.Bind(group, start);
        },
        [this](const std::string& group, const std::string& text) { foreign_.Evict(group, text); });
    PutNode("n1", 8);
  }
  void Look() {
    clock_.Advance(10'000);
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.groups) foreign_.Reconcile(key);
      Turn(dirty);
      Turn();
    });
  }
  void Start(const std::string& job) {
    PutJob(job, 1, 4, R"(,"priority":"low")");
    Look();
    RunPods(job);
    Look();
  }
  // Of the job's pods, or of all foreign ones where `job` is empty, none may go.
  void PutBudget(const std::string& label, const std::string& value) {
    Put("/apis/policy/v1/namespaces/team/poddisruptionbudgets/b",
        R"({"spec":{"selector":{"matchLabels":{")" + label + R"(":")" + value +
            R"("}}},"status":{"disruptionsAllowed":0}})");
  }
  std::string Events(const std::string& reason) {
    std::string all;
    for (const auto& seen : api_.Seen("POST", "/api/v1/namespaces/team/events*")) {
      if (seen.body.find("\"" + reason + "\"") != std::string::npos) all += seen.body + "\n";
    }
    return all;
  }

  ForeignController foreign_{state_, actuator_, [](const std::string&, std::int64_t) {}};
};

TEST_F(BudgetTest, TheJobThatNoBudgetCoversGoesThoughItHasDoneMore) {
  Start("old");
  Start("young");
  PutBudget("scheduler.io/job", "young");
  PutJob("high", 1, 4, R"(,"priority":"high")");
  Look();
  EXPECT_EQ(Status("old").phase, "Preempting");
  EXPECT_EQ(Status("young").phase, "Running");
  EXPECT_EQ(Events("Preempted").find("PodDisruptionBudget"), std::string::npos);
}

TEST_F(BudgetTest, AForeignPodGoesAgainstItsBudgetWhereNothingElseHelpsAndBothAreTold) {
  Put("/api/v1/namespaces/team/pods/web",
      R"({"metadata":{"labels":{"app":"web"}},
          "spec":{"schedulerName":"muster","containers":[{"name":"c","image":"i","resources":{
            "limits":{"nvidia.com/gpu":"8"},"requests":{"nvidia.com/gpu":"8"}}}]},
          "status":{"phase":"Pending"}})");
  Look();
  PutBudget("app", "web");
  PutJob("high", 1, 8, R"(,"priority":"high")");
  Look();
  EXPECT_NE(Read<api::Pod>("/api/v1/namespaces/team/pods/web").meta.deletion.unix_ms, 0);
  const std::string against = "against PodDisruptionBudget team/b";
  EXPECT_NE(Events("Preempted").find(against), std::string::npos) << Events("Preempted");
  EXPECT_NE(Events("PreemptedWorkload").find(against), std::string::npos);
}

}  // namespace
}  // namespace muster::op
