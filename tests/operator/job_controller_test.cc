// A living leader and an API server that misbehaves: what was decided happens exactly once.
#include "controllers/tenant/usage.h"
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using muster::testing::Fault;
using muster::testing::FaultKind;
using testing::JobFixture;

class JobControllerTest : public JobFixture {
 protected:
  JobControllerTest() {
    PutNode("n1", 8);
    PutNode("n2", 8);
  }
};

// ---- A life ----

TEST_F(JobControllerTest, AGangIsCommittedRunsAndSucceeds) {
  PutJob("train", 4, 4);
  Settle();
  EXPECT_EQ(PodsOf("train").size(), 4u);
  EXPECT_EQ(FreeGpus("n1") + FreeGpus("n2"), 0);
  RunPods("train");
  After(1);
  EXPECT_EQ(Status("train").phase, "Running");
  EXPECT_EQ(Status("train").ready, "4/4");
  SetPods("train", R"({"phase":"Succeeded"})");
  After(1);
  EXPECT_EQ(Status("train").phase, "Succeeded");
  EXPECT_EQ(FreeGpus("n1") + FreeGpus("n2"), 16);
}

TEST_F(JobControllerTest, NoPodOfAGangExistsBeforeTheCommitIsAnswered) {
  PutJob("train", 2, 4);
  Sync();
  Turn();
  Answers();  // the template
  Turn();     // the decision
  Turn();     // the commit
  Carried();
  Turn();
  EXPECT_TRUE(PodsOf("train").empty());
  Answers();
  Turn();
  Answers();
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

TEST_F(JobControllerTest, ASinglePodIsItsOwnPlacementUntilTheStatusSaysSo) {
  PutJob("one", 1, 8);
  Settle();
  EXPECT_EQ(PodsOf("one").size(), 1u);
  EXPECT_FALSE(Status("one").placement);
  RunPods("one");
  After(1);
  ASSERT_TRUE(Status("one").placement);
  EXPECT_EQ(Status("one").placement->attempt, 1);
}

TEST_F(JobControllerTest, AJobIsReservedWhileThoseThatMakeRoomEndAndCountsAsPending) {
  PutJob("low", 2, 8, R"(,"priority":"low")");
  Settle();
  RunPods("low");
  After(1);
  PutJob("high", 2, 8, R"(,"priority":"high")");
  Settle();
  After(1);
  EXPECT_EQ(Status("high").phase, "Reserved");
  EXPECT_EQ(Status("high").reason, "WaitingForPreemptedWorkloads");
  EXPECT_EQ(BuildUsage(state_).at("a").pending, 1);
  RemovePods("low");
  Settle();
  RunPods("high");
  After(1);
  EXPECT_EQ(Status("high").phase, "Running");
}

// ---- What the API server makes of a pod ----

TEST_F(JobControllerTest, AGangWhosePodsCameBackLargerIsReleasedAndSaysSo) {
  PutJob("train", 2, 4);
  Sync();
  Turn();
  Answers();
  Turn();
  Turn();
  Answers();
  Turn();
  Answers();  // created
  const std::vector<std::string> pods = PodsOf("train");
  Edit(kPodPath + pods.at(1),
       R"({"spec":{"containers":[{"name":"main","resources":{"limits":{"nvidia.com/gpu":"4"},
          "requests":{"nvidia.com/gpu":"4","cpu":"3"}}}]}})");
  Settle();
  EXPECT_EQ(Status("train").placement->cause, api::ReleaseCause::kRefused);
  EXPECT_EQ(Status("train").message, "pod " + pods[1] +
                                         " came back from the API server with more "
                                         "cpu than its dry run had");
  RemovePods("train");
  Settle();
  EXPECT_EQ(Status("train").reason, "Misconfigured");
  After(10);
  Settle();  // its Service has been found
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

TEST_F(JobControllerTest, ATenantThatWasMadeAnewIsAnotherTenant) {
  const auto tried = [this] { return jobs_.counters().dry_runs; };
  PutJob("one", 1, 16);
  Settle();
  EXPECT_EQ(tried(), 1);
  const api::Tenant old = Read<api::Tenant>("/apis/scheduler.io/v1/tenants/a");
  RemoveObject("/apis/scheduler.io/v1/tenants/a");
  Put("/apis/scheduler.io/v1/tenants/a",
      R"({"metadata":{"generation":)" + std::to_string(old.meta.generation) +
          R"(},"spec":{"placement":{"nodeSelector":{"pool":"b"}}}})");
  Settle();
  EXPECT_EQ(tried(), 2);
}

TEST_F(JobControllerTest, ASinglePodOfATemplateThatWasEditedMeanwhileIsReleased) {
  PutJob("one", 1, 8);
  Settle();
  const std::vector<std::string> first = PodsOf("one");
  ASSERT_EQ(first.size(), 1u);
  EditJob("one", R"({"suspend":true})");
  EditJob("one", R"({"image":"newer"})");
  EditJob("one", R"({"suspend":false})");
  Settle();
  EXPECT_NE(Read<api::Pod>(kPodPath + first[0]).meta.deletion.unix_ms, 0);
  RemovePods("one");
  Settle();
  After(5);
  ASSERT_EQ(PodsOf("one").size(), 1u);
  EXPECT_NE(PodsOf("one"), first);
}

// ---- Faults ----

struct Trouble {
  std::string name;
  FaultKind kind = FaultKind::kStatus;
  int status = 500;
  std::string reason = "InternalError";
};

class JobFaultTest : public JobControllerTest, public ::testing::WithParamInterface<Trouble> {
 protected:
  void Break(const std::string& method, const std::string& path, int times, int skip = 0) {
    const Trouble& trouble = GetParam();
    api_.Inject({.method = method,
                 .path = path,
                 .kind = trouble.kind,
                 .status = trouble.status,
                 .reason = trouble.reason,
                 .times = times,
                 .skip = skip});
  }
  void Calm() {
    for (int i = 0; i < 8; ++i) After(5);
  }
};

TEST_P(JobFaultTest, ACommitInTroubleStillMakesOneAttempt) {
  Break("PATCH", "*/jobs/train/status", 2);
  PutJob("train", 2, 8);
  Settle();
  Calm();
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Status("train").attempt, 1);
  EXPECT_EQ(FreeGpus("n1") + FreeGpus("n2"), 0);
}

TEST_P(JobFaultTest, CreatesInTroubleStillMakeAllPods) {
  Break("POST", "/api/v1/namespaces/team/pods", 3, 1);  // the first is the dry run
  PutJob("train", 4, 4);
  Settle();
  Calm();
  RunPods("train");
  After(2);
  EXPECT_EQ(Status("train").phase, "Running");
  EXPECT_EQ(Status("train").attempt, 1);
  EXPECT_EQ(PodsOf("train").size(), 4u);
}

TEST_P(JobFaultTest, DeletesInTroubleStillEndTheAttempt) {
  PutJob("train", 2, 8);
  Settle();
  RunPods("train");
  After(1);
  Break("DELETE", "*/pods/*", 2);
  EditJob("train", R"({"suspend":true})");
  Settle();
  Calm();
  for (const std::string& pod : PodsOf("train")) {
    EXPECT_NE(Read<api::Pod>(kPodPath + pod).meta.deletion.unix_ms, 0) << pod;
  }
  EXPECT_EQ(Status("train").placement->state, api::PlacementState::kReleasing);
  RemovePods("train");
  Settle();
  EXPECT_EQ(Status("train").phase, "Suspended");
}

TEST_P(JobFaultTest, ADryRunInTroubleIsAskedAgain) {
  Break("POST", "/api/v1/namespaces/team/pods", 2);
  PutJob("train", 2, 8);
  Settle();
  Calm();
  EXPECT_EQ(PodsOf("train").size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Each, JobFaultTest,
    ::testing::Values(Trouble{"Conflict", FaultKind::kStatus, 409, "Conflict"},
                      Trouble{"Throttled", FaultKind::kStatus, 429, "TooManyRequests"},
                      Trouble{"Error500", FaultKind::kStatus, 500, "InternalError"},
                      Trouble{"NoAnswer", FaultKind::kNoAnswer, 0, ""},
                      Trouble{"LostResponse", FaultKind::kLostResponse, 0, ""}),
    [](const auto& trouble) { return trouble.param.name; });

}  // namespace
}  // namespace muster::op
