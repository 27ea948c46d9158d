// Trouble that one job brings, and what it is told.
#include <algorithm>

#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using testing::JobFixture;

class JobTroubleTest : public JobFixture {
 protected:
  JobTroubleTest() {
    PutNode("n1", 8);
    for (const char* name : {"n2", "n3", "n4"}) PutNode(name, 8);
  }
};

TEST_F(JobTroubleTest, AJobWhoseHandlingThrewSaysSo) {
  PutJob("poison", 4, 4);
  Sync();
  jobs_.Poisoned("team/poison", "vector::_M_range_check");
  Answers();
  const std::size_t writes = Writes("*/jobs/poison/status").size();
  EXPECT_EQ(writes, 1u);
  jobs_.Poisoned("team/poison", "vector::_M_range_check");
  Answers();
  EXPECT_EQ(Writes("*/jobs/poison/status").size(), writes);  // once is enough
  EXPECT_EQ(Status("poison").reason, "Misconfigured");
  EXPECT_EQ(Status("poison").message, "cannot be handled: vector::_M_range_check");
  EXPECT_TRUE(PodsOf("poison").empty());
}

TEST_F(JobTroubleTest, AJobThatRunsIsToldToo) {
  PutJob("runs", 1, 1);
  Settle();
  RunPods("runs");
  After(1);
  After(1);
  ASSERT_EQ(Status("runs").phase, "Running");
  jobs_.Poisoned("team/runs", "bad_alloc");
  Answers();
  EXPECT_EQ(Status("runs").phase, "Running");
  const auto& told = Status("runs").conditions;
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const api::Condition& condition) {
    return condition.type == "Misconfigured" && condition.status == "True" &&
           condition.message == "cannot be handled: bad_alloc";
  }));
}

TEST_F(JobTroubleTest, AServiceOfSomebodyElseUnderTheGangsNameIsTold) {
  Put("/api/v1/namespaces/team/services/train", R"({"spec":{"clusterIP":"None"}})");
  PutJob("train", 2, 4);
  Settle();
  RemovePods("train");
  Settle();
  EXPECT_EQ(Status("train").reason, "Misconfigured");
  EXPECT_NE(Status("train").message.str().find("Service train"), std::string::npos);
}

// A webhook that fails closed, say, or a policy of somebody else without its parameter.
TEST_F(JobTroubleTest, ADryRunThatKeepsFailingIsToldInTheWordsOfTheServer) {
  api_.Inject({.method = "POST",
               .path = "/api/v1/namespaces/team/pods",
               .message = "failed calling webhook pods.example.com",
               .times = 1'000});
  PutJob("train", 2, 4);
  Settle();
  After(1);
  EXPECT_EQ(Status("train").reason, "");
  for (int second = 0; second < 10; ++second) After(1);
  EXPECT_EQ(Status("train").phase, "Pending");
  EXPECT_EQ(Status("train").reason, "PendingEvaluation");
  EXPECT_NE(Status("train").message.str().find("pods.example.com"), std::string::npos);
  const std::size_t writes = Writes("*/jobs/train/status").size();
  for (int minute = 0; minute < 5; ++minute) After(60);
  EXPECT_EQ(Writes("*/jobs/train/status").size(), writes);
  api_.ClearFaults();
  After(60);
  After(1);
  EXPECT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(Status("train").message, "");
}

TEST_F(JobTroubleTest, ALargeGangIsLookedAtSeldomAndLosesNothingByIt) {
  PutJob("large", 160, 0);
  Settle();
  EXPECT_EQ(PodsOf("large").size(), 160u);
  EXPECT_GT(Entry("large").rest_until_ms, clock_.BootMs());
  RunPods("large");
  After(1);
  After(1);
  EXPECT_EQ(Status("large").phase, "Running");
  EXPECT_EQ(Status("large").ready, "160/160");
}

}  // namespace
}  // namespace muster::op
