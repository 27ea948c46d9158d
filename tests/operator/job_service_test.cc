// The Service of a gang: made once, asked for again until it is there, never somebody else's.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using muster::testing::FaultKind;
using testing::JobFixture;

constexpr char kServices[] = "/api/v1/namespaces/team/services";
constexpr char kTrain[] = "/api/v1/namespaces/team/services/train";
constexpr char kOfAnEarlierJob[] =
    R"({"metadata":{"ownerReferences":[{"apiVersion":"scheduler.io/v1","kind":"Job",)"
    R"("name":"train","uid":"an-older-one","controller":true}]},"spec":{"clusterIP":"None"}})";

class JobServiceTest : public JobFixture {
 protected:
  JobServiceTest() { PutNode("n1", 8); }

  void BreakService(FaultKind kind, int times = 1) {
    api_.Inject({.method = "POST", .path = kServices, .kind = kind, .times = times});
  }
  void RefuseService(const std::string& message) {
    api_.Inject({.method = "POST",
                 .path = kServices,
                 .status = 403,
                 .reason = "Forbidden",
                 .message = message});
  }
  // Long enough for the next attempt; a round in which it only reads looks like rest.
  void Retry() {
    After(60);
    Settle();
    Settle();
  }
  void RunTrain() {
    PutJob("train", 2, 4);
    Settle();
    RunPods("train");
    After(1);
    After(1);
    ASSERT_EQ(Status("train").phase, "Running");
  }
  void SuspendAndResume() {
    EditJob("train", R"({"suspend":true})");
    Settle();
    RemovePods("train");
    Settle();
    EditJob("train", R"({"suspend":false})");
    Settle();
    Settle();
  }
  std::size_t Posts() { return api_.Seen("POST", kServices).size(); }
};

TEST_F(JobServiceTest, AGangsServiceIsWrittenOnceAndAskedForWithoutAWriteByEachRetry) {
  RunTrain();
  EXPECT_EQ(Posts(), 1u);
  EXPECT_TRUE(api_.Seen("GET", kTrain).empty());
  SuspendAndResume();
  EXPECT_EQ(Status("train").attempt, 2);
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Posts(), 1u);
}

TEST_F(JobServiceTest, AServiceThatWasNotMadeIsAskedForAgainAlthoughEveryPodIsThere) {
  BreakService(FaultKind::kStatus);
  RunTrain();
  After(1);
  EXPECT_TRUE(Exists(kTrain));
  EXPECT_EQ(Posts(), 2u);
  EXPECT_EQ(Status("train").attempt, 1);
}

TEST_F(JobServiceTest, AServiceThatWasMadeWithoutAnAnswerIsFoundToBeOurs) {
  BreakService(FaultKind::kLostResponse);
  RunTrain();
  After(60);
  EXPECT_EQ(Posts(), 2u);
  EXPECT_EQ(Status("train").phase, "Running");
}

TEST_F(JobServiceTest, ASuccessorMakesTheServiceThatItsPredecessorDidNotLiveToMake) {
  BreakService(FaultKind::kStatus, 100);
  RunTrain();
  ASSERT_FALSE(Exists(kTrain));
  api_.ClearFaults();
  Entry("train").ledger = {};
  state_.SetBarrier(2);
  state_.MarkJob("team/train");
  Settle();
  EXPECT_TRUE(Exists(kTrain));
}

TEST_F(JobServiceTest, ASuccessorThatFindsTheServiceWritesNothing) {
  RunTrain();
  Entry("train").ledger = {};
  state_.SetBarrier(2);
  state_.MarkJob("team/train");
  Settle();
  EXPECT_EQ(Posts(), 1u);
  EXPECT_EQ(Entry("train").ledger.service.attempt, 1);
}

TEST_F(JobServiceTest, NoRetryRunsBehindAServiceOfSomebodyElse) {
  Put(kTrain, R"({"spec":{"clusterIP":"None"}})");
  PutJob("train", 2, 4);
  Settle();
  RemovePods("train");
  Settle();
  ASSERT_EQ(Status("train").reason, "Misconfigured");
  for (const std::int32_t attempt : {2, 3}) {
    Retry();
    EXPECT_EQ(Status("train").attempt, attempt);
    EXPECT_EQ(Status("train").reason, "Misconfigured");
    EXPECT_TRUE(PodsOf("train").empty());
  }
  RemoveObject(kTrain);
  Retry();
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_TRUE(Exists(kTrain));
}

TEST_F(JobServiceTest, ARefusedServiceIsToldInEveryAttempt) {
  RefuseService("denied by a policy");
  PutJob("train", 2, 4);
  Settle();
  RemovePods("train");
  Settle();
  EXPECT_EQ(Status("train").reason, "Misconfigured");
  EXPECT_NE(Status("train").message.str().find("denied by a policy"), std::string::npos);
  RefuseService("exceeded quota: q, requested: services=1");
  Retry();
  EXPECT_EQ(Status("train").reason, "WaitingForQuota");
  Retry();
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_TRUE(Exists(kTrain));
}

TEST_F(JobServiceTest, TheServiceOfADeletedJobOfThatNameIsWaitedFor) {
  Put(kTrain, kOfAnEarlierJob);
  RunTrain();
  After(60);
  EXPECT_EQ(Status("train").phase, "Running");
  RemoveObject(kTrain);  // the garbage collector
  After(60);
  EXPECT_EQ(Read<api::Namespace>(kTrain).meta.owners.at(0).uid, Entry("train").job.meta.uid);
  EXPECT_EQ(Status("train").attempt, 1);
}

TEST_F(JobServiceTest, AServiceThatIsBeingDeletedIsWaitedFor) {
  Put(kTrain, R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["x/y"]}})");
  RunTrain();
  EXPECT_EQ(Status("train").phase, "Running");
  RemoveObject(kTrain);
  After(60);
  EXPECT_TRUE(Exists(kTrain));
}

TEST_F(JobServiceTest, ARefusalThatComesAfterTheEndOfItsAttemptDoesNotEndTheNext) {
  RefuseService("denied by a policy");
  PutJob("train", 2, 4);
  Sync();
  Turn();
  Answers();  // the template
  Turn();     // the decision
  Turn();
  Answers();  // the commit
  Turn();
  Carried();  // the pods; the Service is refused
  SeeJob("train");
  Edit(JobPath("train") + "/status", R"({"status":{"placement":null,"phase":"Pending"}})");
  SeeJob("train");
  ASSERT_FALSE(Entry("train").placement);
  Answers();
  EXPECT_EQ(Entry("train").refusal, "");
  EXPECT_FALSE(Entry("train").ledger.service.asking);
}

}  // namespace
}  // namespace muster::op
