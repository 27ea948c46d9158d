// Jobs beyond a limit on their number: which of them wait, whatever the order they are heard of in.
//
// Nothing is listed again after the start: a job is looked at when something was heard of it, or
// when what was heard of others concerns it.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using testing::JobFixture;

using Names = std::vector<std::string>;

// There is no node at first: nothing starts.
class JobLimitsTest : public JobFixture {
 protected:
  JobLimitsTest() { Settle(); }

  // All of them are created in the same second: the UID decides who came before.
  void PutJobWithUid(const std::string& name, const std::string& uid,
                     const std::string& more = "") {
    Put(JobPath(name),
        R"({"metadata":{"generation":1,"creationTimestamp":"2026-01-01T00:00:00Z","uid":")" + uid +
            R"("},"spec":{"image":"i","resources":{"gpu":"1"})" + more + "}}");
    SeeJob(name);
  }
  void PutThree(const std::string& more = "") {
    for (const char* name : {"x", "y", "z"}) PutJobWithUid(name, std::string("uid-") + name, more);
  }
  void SeeEdit(const std::string& name, const std::string& spec) {
    SeeJob(name);  // the watch has shown what we wrote
    EditJob(name, spec);
    SeeJob(name);
  }
  void LimitPending(const std::string& tenant, int most) {
    PutOurs("tenants/" + tenant, R"({"limits":{"maxPendingJobs":)" + std::to_string(most) + "}}");
    state_.Upsert(Read<api::Tenant>("/apis/scheduler.io/v1/tenants/" + tenant));
  }
  void LimitJobs(int most) {
    const std::string path = "namespaces/team/resourcequotas/q";
    PutOurs(path, R"({"hard":{"count/jobs":")" + std::to_string(most) + R"("}})");
    state_.Upsert(Read<api::ResourceQuota>("/apis/scheduler.io/v1/" + path));
  }
  void SeeNode(int gpus) {
    PutNode("n1", gpus);
    state_.Upsert(Read<api::Node>("/api/v1/nodes/n1"));
  }
  // Jobs that wait and that the scheduler may not start.
  Names Held() {
    for (int round = 0; round < 6; ++round) {
      Turn();
      Answers();
    }
    Names names;
    for (const auto& [key, entry] : state_.jobs()) {
      const bool waits = !api::Finished(entry.job.status) && !entry.placement;
      if (waits && !entry.job.spec.suspend && !entry.eligible) names.push_back(entry.job.meta.name);
    }
    return names;
  }
};

TEST_F(JobLimitsTest, TheFirstOfATenantWaitForAPlaceAndTheOthersAreTold) {
  LimitPending("a", 2);
  PutThree();
  EXPECT_EQ(Held(), Names({"z"}));
  After(3);
  EXPECT_EQ(Status("z").message,
            "Tenant a limits.maxPendingJobs is 2, and that many pending jobs came before this one");
}

TEST_F(JobLimitsTest, AJobThatSortsBeforeTakesThePlaceOfOneThatWasHeardOfFirst) {
  LimitPending("a", 1);
  PutJobWithUid("late", "b");
  ASSERT_EQ(Held(), Names());
  PutJobWithUid("early", "a");
  EXPECT_EQ(Held(), Names({"late"}));
}

TEST_F(JobLimitsTest, AJobThatIsResumedTakesItsPlaceBack) {
  LimitPending("a", 2);
  PutThree(R"(,"suspend":true)");
  EXPECT_EQ(Held(), Names());
  SeeEdit("y", R"({"suspend":false})");
  SeeEdit("z", R"({"suspend":false})");
  EXPECT_EQ(Held(), Names());
  SeeEdit("x", R"({"suspend":false})");
  EXPECT_EQ(Held(), Names({"z"}));
  SeeEdit("x", R"({"suspend":true})");
  EXPECT_EQ(Held(), Names());
}

TEST_F(JobLimitsTest, WhoeverGoesMakesRoomForTheNext) {
  LimitPending("a", 1);
  PutThree();
  ASSERT_EQ(Held(), Names({"y", "z"}));
  SeeEdit("x", R"({"cancel":true})");
  EXPECT_EQ(Held(), Names({"z"}));
  state_.Remove(Read<api::Job>(JobPath("y")));
  EXPECT_EQ(Held(), Names());
}

TEST_F(JobLimitsTest, AJobThatStartsMakesRoomForTheNext) {
  LimitPending("a", 1);
  PutThree();
  ASSERT_EQ(Held(), Names({"y", "z"}));
  SeeNode(1);
  EXPECT_EQ(Held(), Names({"z"}));
  EXPECT_TRUE(Entry("x").placement);
}

TEST_F(JobLimitsTest, ALimitThatChangesCountsAtOnce) {
  PutThree();
  ASSERT_EQ(Held(), Names());
  LimitPending("a", 1);
  EXPECT_EQ(Held(), Names({"y", "z"}));
  LimitPending("a", 2);
  EXPECT_EQ(Held(), Names({"z"}));
}

TEST_F(JobLimitsTest, UnfinishedJobsOfANamespaceCountWhileTheyRunToo) {
  LimitJobs(2);
  PutThree();
  SeeNode(8);
  ASSERT_EQ(Held(), Names({"z"}));
  EXPECT_TRUE(Entry("y").placement);
  SeeEdit("y", R"({"cancel":true})");
  for (const std::string& pod : PodsOf("y")) {
    Edit(kPodPath + pod + "/status", R"({"status":{"phase":"Failed"}})");
    SeePod(pod);
  }
  EXPECT_EQ(Held(), Names());
  EXPECT_TRUE(Entry("z").placement);
}

TEST_F(JobLimitsTest, AJobBeyondTheLimitOfItsNamespaceIsToldSo) {
  LimitJobs(2);
  PutThree();
  After(3);
  EXPECT_EQ(Status("z").message,
            "ResourceQuota count/jobs of namespace team admits 2 unfinished jobs, and that many "
            "came before this one");
}

TEST_F(JobLimitsTest, ADeviceWhoseNameEndsInMemoryIsNotCountedInBytes) {
  Put("/api/v1/nodes/n1",
      R"({"metadata":{"uid":"u-n1"},"status":{"allocatable":{"pods":"9","volcano.sh/gpu-memory":
          "200"},"conditions":[{"type":"Ready","status":"True"}]}})");
  PutOurs("namespaces/team/resourcequotas/q",
          R"({"hard":{"requests.volcano.sh/gpu-memory":"100"}})");
  for (const char* name : {"first", "second"}) {
    PutOurs(std::string("namespaces/team/jobs/") + name,
            R"({"image":"i","resources":{"volcano.sh/gpu-memory":"60"}})");
  }
  Settle();
  EXPECT_EQ(PodsOf("first").size() + PodsOf("second").size(), 1U);
}

TEST_F(JobLimitsTest, ANamespaceThatChangesItsTenantIsCountedThere) {
  LimitPending("b", 1);
  PutThree();
  ASSERT_EQ(Held(), Names());
  Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"b"}}})");
  state_.Upsert(Read<api::Namespace>("/api/v1/namespaces/team"));
  EXPECT_EQ(Held(), Names({"y", "z"}));
  SeeEdit("x", R"({"cancel":true})");
  EXPECT_EQ(Held(), Names({"z"}));
}

}  // namespace
}  // namespace muster::op
