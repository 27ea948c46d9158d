// podReplacementPolicy on a cluster: the next attempt beside a pod of the last one that nobody
// hears.
#include "muster/base/time_text.h"
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

class ReplacementTest : public testing::JobFixture {
 protected:
  static constexpr char kPolicy[] =
      R"(,"podReplacementPolicy":"TerminatingOrFailed","unreachableSeconds":60)";

  void SetReady(const std::string& node, const std::string& word) {
    Edit("/api/v1/nodes/" + node + "/status",
         R"({"status":{"conditions":[{"type":"Ready","status":")" + word +
             R"(","lastTransitionTime":")" + base::FormatTime(clock_.Now()) + R"("}]}})");
  }
  // The pods of an attempt, in order.
  std::vector<std::string> PodsOf(const std::string& job, std::int32_t attempt) {
    std::vector<std::string> names;
    for (const std::string& name : JobFixture::PodsOf(job)) {
      const api::Pod pod = Read<api::Pod>(kPodPath + name);
      if (pod.meta.labels.at(api::kLabelAttempt) == std::to_string(attempt)) names.push_back(name);
    }
    return names;
  }
  std::string NodeOf(const std::string& pod) { return Read<api::Pod>(kPodPath + pod).node_name; }
  void Run(const std::string& job) {
    RunPods(job);
    After(1);
    After(1);
    ASSERT_EQ(Status(job).phase, "Running");
  }
  // Kubelets of nodes that are heard end the pods that were deleted.
  void EndDeleted(const std::string& job) {
    for (const std::string& name : JobFixture::PodsOf(job)) {
      const api::Pod pod = Read<api::Pod>(kPodPath + name);
      const bool heard = Read<api::Node>("/api/v1/nodes/" + pod.node_name.str()).ready;
      if (heard && pod.meta.deletion.unix_ms != 0) RemoveObject(kPodPath + name);
    }
    Settle();
  }
  // A gang of two nodes, of which n1 falls silent for good; n3 has room.
  void LoseOneOfTwo() {
    PutNode("n1", 8);
    PutNode("n2", 8);
    PutJob("train", 2, 8, kPolicy);
    Settle();
    Run("train");
    PutNode("n3", 8);
    SetReady("n1", "Unknown");
    Settle();
  }
  // A process that knows nothing takes over.
  void TakeOver() {
    state_.Replace(std::vector<api::Job>{});
    state_.Replace(std::vector<api::Pod>{});
    state_.Replace(std::vector<api::Node>{});
    Sync();
    state_.SetBarrier(2);
    state_.MarkAllJobs();
  }
};

TEST_F(ReplacementTest, TheNextAttemptRunsElsewhereWhileTheLostPodStillCounts) {
  LoseOneOfTwo();
  After(30);
  EXPECT_EQ(Status("train").phase, "Running");
  After(31);
  EndDeleted("train");
  After(2);
  EXPECT_EQ(Status("train").attempt, 2);
  EXPECT_EQ(PodsOf("train", 2).size(), 2u);
  ASSERT_EQ(PodsOf("train", 1).size(), 1u);
  EXPECT_EQ(NodeOf(PodsOf("train", 1)[0]), "n1");
  EXPECT_EQ(FreeGpus("n1"), 0);
  Run("train");
  SetReady("n1", "True");
  After(1);
  EXPECT_EQ(FreeGpus("n1"), 0);
  EndDeleted("train");
  EXPECT_EQ(FreeGpus("n1"), 8);
  EXPECT_EQ(Status("train").phase, "Running");
}

TEST_F(ReplacementTest, TheServiceHasTheAddressesOfTheNextAttemptAlone) {
  LoseOneOfTwo();
  const std::string path = "/api/v1/namespaces/team/services/train";
  EXPECT_NE(api_.Get(path)->find(R"("scheduler.io/attempt":"1")"), std::string::npos);
  After(61);
  EndDeleted("train");
  After(2);
  After(1);
  EXPECT_NE(api_.Get(path)->find(R"("scheduler.io/attempt":"2")"), std::string::npos);
  EXPECT_EQ(PodsOf("train", 2).size(), 2u);
}

TEST_F(ReplacementTest, ANewLeaderComesToTheSameResult) {
  LoseOneOfTwo();
  After(30);
  TakeOver();
  Settle();
  EXPECT_EQ(Status("train").phase, "Running");
  After(31);
  EndDeleted("train");
  After(2);
  TakeOver();
  Settle();
  After(1);
  EXPECT_EQ(Status("train").attempt, 2);
  EXPECT_EQ(PodsOf("train", 2).size(), 2u);
  EXPECT_EQ(FreeGpus("n1"), 0);
}

TEST_F(ReplacementTest, ASinglePodIsReplacedThoughNoStatusRepeatsItsPlacement) {
  PutNode("n1", 8);
  PutJob("one", 1, 8, kPolicy);
  Settle();
  ASSERT_EQ(Entry("one").backing, state::Backing::kImplied);
  PutNode("n2", 8);
  SetReady("n1", "Unknown");
  Settle();
  After(61);
  After(2);
  EXPECT_EQ(PodsOf("one", 1).size(), 1u);
  ASSERT_EQ(PodsOf("one", 2).size(), 1u);
  EXPECT_EQ(NodeOf(PodsOf("one", 2)[0]), "n2");
  TakeOver();
  Settle();
  EXPECT_EQ(Entry("one").placement->attempt, 2);
  Run("one");
  EXPECT_EQ(Status("one").attempt, 2);
  std::string events;
  for (const auto& seen : api_.Seen("POST", "/api/v1/namespaces/team/events*")) events += seen.body;
  EXPECT_NE(events.find("attempt 2: 1 pod on n2; pod " + PodsOf("one", 1)[0] +
                        " of attempt 1 may still run on node n1"),
            std::string::npos);
}

TEST_F(ReplacementTest, NobodyIsEvictedForWhatTheLostPodHolds) {
  PutOurs("tenants/a", R"({"resourceQuota":{"gpu":"16"}})");
  PutNode("n1", 8);
  PutJob("low", 1, 8, std::string(kPolicy) + R"(,"priority":"low")");
  Settle();
  Run("low");
  PutNode("n2", 8);
  SetReady("n1", "Unknown");
  Settle();
  After(61);
  After(2);
  Run("low");
  ASSERT_EQ(Status("low").attempt, 2);
  PutNode("n3", 16);
  PutJob("high", 1, 16, R"(,"priority":"high")");
  Settle();
  After(1);
  EXPECT_EQ(Status("low").phase, "Running");
  EXPECT_EQ(Status("low").preemptions, 0);
  EXPECT_EQ(Status("high").phase, "Pending");
}

TEST_F(ReplacementTest, ByDefaultNothingIsReplacedBeforeItHasEnded) {
  PutNode("n1", 8);
  PutJob("one", 1, 8);
  Settle();
  Run("one");
  PutNode("n2", 8);
  SetReady("n1", "Unknown");
  Settle();
  After(100'000);
  EXPECT_EQ(Status("one").phase, "Running");
  EXPECT_EQ(JobFixture::PodsOf("one").size(), 1u);
}

}  // namespace
}  // namespace muster::op
