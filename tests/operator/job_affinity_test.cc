// Jobs with required pod affinity and anti-affinity and with topology spread: to themselves, to
// each other, and to pods of others.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using testing::JobFixture;

constexpr char kApart[] = "podAntiAffinity";
constexpr char kTogether[] = "podAffinity";

class JobAffinityTest : public JobFixture {
 protected:
  JobAffinityTest() {
    PutNode("n1", 8, "z1");
    PutNode("n2", 8, "z2");
  }
  static std::string Term(const std::string& more) {
    return R"({"topologyKey":"zone",)" + more + "}";
  }
  static std::string Selecting(const std::string& key, const std::string& value) {
    return Term(R"("labelSelector":{"matchLabels":{")" + key + R"(":")" + value + R"("}})");
  }
  static std::string Template(const std::string& kind, const std::string& term,
                              const std::string& labels = "{}") {
    const std::string affinity = R"("affinity":{")" + kind +
                                 R"(":{"requiredDuringSchedulingIgnoredDuringExecution":[)" + term +
                                 "]}},";
    return R"({"metadata":{"labels":)" + labels + R"(},"spec":{)" + affinity +
           R"("containers":[{"name":"c","image":"i","resources":{"limits":{"nvidia.com/gpu":"1"}}}]}})";
  }
  static std::string SpreadTemplate(const std::string& more) {
    return R"({"metadata":{},"spec":{"topologySpreadConstraints":[{"topologyKey":"zone","maxSkew":1,)"
           R"("whenUnsatisfiable":"DoNotSchedule",)" +
           more +
           R"(}],"containers":[{"name":"c","image":"i","resources":{"limits":{"nvidia.com/gpu":"1"}}}]}})";
  }
  void PutTied(const std::string& name, int replicas, const std::string& pod) {
    PutOurs("namespaces/team/jobs/" + name, R"({"tasks":[{"name":"main","replicas":)" +
                                                std::to_string(replicas) + R"(,"template":)" + pod +
                                                "}]}");
  }
  std::multiset<std::string> Places(const std::string& job) {
    std::multiset<std::string> nodes;
    for (const std::string& pod : PodsOf(job)) {
      nodes.insert(Read<api::Pod>(kPodPath + pod).node_name);
    }
    return nodes;
  }
  std::string Told(const std::string& job) {
    const api::JobStatus status = Status(job);
    return status.reason + ": " + status.message;
  }
};

using Nodes = std::multiset<std::string>;

TEST_F(JobAffinityTest, AJobThatAvoidsItselfGetsOnePodADomain) {
  PutTied("train", 2, Template(kApart, Selecting("scheduler.io/job", "train")));
  Settle();
  EXPECT_EQ(Places("train"), (Nodes{"n1", "n2"}));
}

TEST_F(JobAffinityTest, AJobWithMorePodsThanDomainsSaysWhy) {
  PutTied("train", 3, Template(kApart, Selecting("scheduler.io/job", "train")));
  Settle();
  After(1);
  EXPECT_EQ(Told("train"),
            "GangIncomplete: 2 of 3 pods fit now (2/2 nodes can take a pod; beside those 0: 2 pod "
            "anti-affinity (scheduler.io/job=train in zone))");
  PutNode("n3", 8, "z3");
  Settle();
  EXPECT_EQ(Places("train"), (Nodes{"n1", "n2", "n3"}));
}

TEST_F(JobAffinityTest, AJobThatJoinsItselfStaysInOneDomain) {
  PutNode("n0", 2, "z1");
  PutTied("train", 10, Template(kTogether, Selecting("scheduler.io/job", "train")));
  Settle();
  EXPECT_EQ(Places("train"), (Nodes{"n0", "n0", "n1", "n1", "n1", "n1", "n1", "n1", "n1", "n1"}));
}

// The template is one for both jobs, and so is the API server's answer: the first job's name is in
// it.
TEST_F(JobAffinityTest, LabelKeysOfOursMeanEachJobsOwnValues) {
  const std::string pod = Template(
      kApart, Term(R"("matchLabelKeys":["scheduler.io/job"],"labelSelector":{"matchExpressions":[)"
                   R"({"key":"scheduler.io/job","operator":"In","values":["first"]}]})"));
  PutTied("first", 2, pod);
  PutTied("second", 2, pod);
  PutTied("third", 3, pod);
  Settle();
  EXPECT_EQ(Places("first"), (Nodes{"n1", "n2"}));
  EXPECT_EQ(Places("second"), (Nodes{"n1", "n2"}));
  EXPECT_EQ(Places("third"), Nodes{});
}

TEST_F(JobAffinityTest, JobsOfOneCycleAvoidEachOtherBeforeTheirPodsAreThere) {
  const std::string pod = Template(kApart, Selecting("app", "db"), R"({"app":"db"})");
  for (const char* job : {"a", "b", "c"}) PutTied(job, 1, pod);
  Settle();
  After(1);
  EXPECT_EQ(Places("a"), Nodes{"n1"});
  EXPECT_EQ(Places("b"), Nodes{"n2"});
  EXPECT_EQ(Told("c"),
            "GangIncomplete: 0/2 nodes can take a pod: 2 pod anti-affinity (app=db in zone)");
}

TEST_F(JobAffinityTest, ACommittedPlaceCountsBeforeItsPodsAreThere) {
  const std::string pod = Template(kApart, Selecting("app", "db"), R"({"app":"db"})");
  PutTied("first", 2, pod);
  Sync();
  Turn();
  Answers();  // the template
  Turn();     // decided
  ASSERT_TRUE(Entry("first").placement);
  ASSERT_TRUE(PodsOf("first").empty());
  PutTied("second", 1, pod);
  SeeJob("second");
  Turn();
  Turn();
  EXPECT_FALSE(Entry("second").placement);
  Settle();
  EXPECT_EQ(Places("first"), (Nodes{"n1", "n2"}));
  EXPECT_EQ(Places("second"), Nodes{});
  SetPods("first", R"({"phase":"Succeeded"})");
  After(1);
  EXPECT_EQ(Places("second").size(), 1u);
}

TEST_F(JobAffinityTest, OfPodsThatAreThereTheIndexCounts) {
  PutTied("train", 2, Template(kApart, Selecting("scheduler.io/job", "train")));
  Settle();
  const std::vector<std::string> pods = PodsOf("train");
  ASSERT_EQ(pods.size(), 2u);
  PutTied("cache", 1, Template(kTogether, Selecting("scheduler.io/index", "1")));
  Settle();
  const api::Pod second = Read<api::Pod>(kPodPath + pods[1]);
  ASSERT_EQ(second.meta.labels.at("scheduler.io/index"), "1");
  EXPECT_EQ(Places("cache"), Nodes{second.node_name});
}

// No term was about its pods when they got their places.
TEST_F(JobAffinityTest, AJobThatRunsAlreadyIsAvoidedByALaterOne) {
  PutTied("old", 1, Template(kApart, Selecting("app", "nobody"), R"({"app":"old"})"));
  Settle();
  ASSERT_EQ(Places("old"), Nodes{"n1"});
  PutTied("new", 1, Template(kApart, Selecting("app", "old")));
  Settle();
  EXPECT_EQ(Places("new"), Nodes{"n2"});
}

TEST_F(JobAffinityTest, AJobWaitsForThoseItJoins) {
  PutTied("cache", 1, Template(kTogether, Selecting("app", "db")));
  Settle();
  After(1);
  EXPECT_EQ(Told("cache"),
            "GangIncomplete: 0/2 nodes can take a pod: 2 pod affinity (app=db in zone)");
  Put("/api/v1/namespaces/team/pods/db",
      R"({"metadata":{"labels":{"app":"db"}},"spec":{"nodeName":"n2","containers":[]}})");
  Settle();
  EXPECT_EQ(Places("cache"), Nodes{"n2"});
}

TEST_F(JobAffinityTest, PodsOfOthersAvoidOurs) {
  Put("/api/v1/namespaces/team/pods/db",
      R"({"metadata":{"labels":{"app":"db"}},"spec":{"nodeName":"n1","containers":[],"affinity":
          {"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[)" +
          Term(R"("labelSelector":{})") + "]}}}}");
  PutJob("train", 1, 1);
  Settle();
  EXPECT_EQ(Places("train"), Nodes{"n2"});
}

TEST_F(JobAffinityTest, AJobIsSpreadOverZonesAsItsTemplateSays) {
  PutNode("n0", 1, "z1");
  const std::string pod =
      SpreadTemplate(R"("labelSelector":{"matchLabels":{"scheduler.io/job":"train"}})");
  PutTied("train", 6, pod);
  Settle();
  EXPECT_EQ(Places("train"), (Nodes{"n0", "n1", "n1", "n2", "n2", "n2"}));
}

TEST_F(JobAffinityTest, AJobThatCannotBeSpreadEvenlySaysWhy) {
  PutNode("n3", 1, "z3");
  const std::string pod =
      SpreadTemplate(R"("labelSelector":{"matchLabels":{"scheduler.io/job":"train"}})");
  PutTied("train", 6, pod);
  Settle();
  After(1);
  EXPECT_EQ(Told("train"),
            "GangIncomplete: 5 of 6 pods fit now (3/3 nodes can take a pod; beside those 0: 2 "
            "topology spread (scheduler.io/job=train over zone, maxSkew 1), 1 insufficient "
            "nvidia.com/gpu (need 1)); 1 more nvidia.com/gpu needed");
  RemoveObject("/api/v1/nodes/n3");
  Settle();
  EXPECT_EQ(Places("train"), (Nodes{"n1", "n1", "n1", "n2", "n2", "n2"}));
}

// As an API server before 1.34 leaves it: the keys are not in the selector.
TEST_F(JobAffinityTest, LabelKeysOfASpreadMeanEachJobsOwnValues) {
  const std::string pod =
      SpreadTemplate(R"("labelSelector":{},"matchLabelKeys":["scheduler.io/job"])");
  PutTied("first", 1, pod);
  Settle();
  PutTied("second", 1, pod);
  PutTied("third", 4, pod);
  Settle();
  EXPECT_EQ(Places("first"), Nodes{"n1"});
  EXPECT_EQ(Places("second"), Nodes{"n1"});
  EXPECT_EQ(Places("third"), (Nodes{"n1", "n1", "n2", "n2"}));
}

}  // namespace
}  // namespace muster::op
