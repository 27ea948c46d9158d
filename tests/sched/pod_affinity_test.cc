// Required pod affinity and anti-affinity, rule by rule.
#include <gtest/gtest.h>

#include "sched/ties.h"

namespace muster::sched {
namespace {

using testing::MakeNode;
using testing::Scenario;

using testing::Avoids;
using testing::In;
using testing::Joins;

class PodAffinityTest : public ::testing::Test {
 protected:
  PodAffinityTest() { s_.Tenant("t"); }
  // Without a rack: the node has no such label.
  void Node(const std::string& name, const std::string& rack = "", std::int64_t gpus = 8) {
    sched::Node node = MakeNode(name, gpus);
    if (!rack.empty()) node.labels["rack"] = rack;
    s_.Node(node);
  }
  Gang MakeGang(const std::string& name, std::int32_t replicas, const Ties& ties,
                std::int64_t gpus = 1) {
    Gang gang = s_.MakeGang("t/" + name, replicas, gpus);
    gang.tasks[0].ties = ties;
    return gang;
  }
  void Job(const std::string& name, std::int32_t replicas, const Ties& ties,
           std::int64_t gpus = 1) {
    s_.Job(MakeGang(name, replicas, ties, gpus));
  }
  // A pod of nobody.
  void Pod(const std::string& key, const std::string& node, const Ties& ties) {
    Occupant pod;
    pod.key = key;
    pod.node = node;
    pod.ties = ties;
    s_.world.SetOccupant(pod);
  }
  // A gang of one pod that runs on node a.
  void RunningPod(const std::string& name, const Ties& ties, std::int32_t priority) {
    Gang gang = MakeGang(name, 0, {});
    gang.priority = priority;
    s_.Running(gang, {}, 1);
    Occupant pod;
    pod.key = name;
    pod.node = "a";
    pod.gang = "t/" + name;
    pod.tenant = "t";
    pod.amounts = testing::Request(1);
    pod.ties = ties;
    s_.world.SetOccupant(pod);
  }
  // The same again without anything remembered.
  std::string Plan() {
    const std::string plan = s_.Plan();
    s_.cache = Cache();
    EXPECT_EQ(s_.Plan(), plan);
    return plan;
  }

  Scenario s_;
};

TEST_F(PodAffinityTest, PodsThatAvoidEachOtherByHostGetANodeEach) {
  Node("a");
  Node("b");
  Node("c");
  Job("j", 3, {In("j"), Avoids("j")});
  EXPECT_EQ(Plan(), "start t/j B: a main x1, b main x1, c main x1\n");
}

TEST_F(PodAffinityTest, AGangThatAvoidsItselfOnTooFewNodesWaitsAndSaysWhy) {
  Node("a");
  Node("b");
  Job("j", 3, {In("app=j\nt"), Avoids("app=j\nt")});
  EXPECT_EQ(Plan(),
            "hold t/j: GangIncomplete: 2 of 3 pods fit now (2/2 nodes can take a pod; beside those "
            "0: 2 pod anti-affinity (app=j in kubernetes.io/hostname))\n");
}

// a [x.......]     b [........]
TEST_F(PodAffinityTest, APodAvoidsThoseThatAreThere) {
  Node("a");
  Node("b");
  Pod("x", "a", {In("x")});
  Job("j", 2, {Avoids("x")});
  EXPECT_EQ(Plan(), "start t/j B: b main x2\n");
}

TEST_F(PodAffinityTest, APodIsAvoidedByThoseThatAreThere) {
  Node("a");
  Node("b");
  Pod("x", "a", {Avoids("j")});
  Job("j", 2, {In("j")});
  EXPECT_EQ(Plan(), "start t/j B: b main x2\n");
  Pod("y", "b", {Avoids("j")});
  EXPECT_EQ(Plan(),
            "hold t/j: GangIncomplete: 0 of 2 pods fit now (0/2 nodes can take a pod: 2 pod "
            "anti-affinity of other pods (j in kubernetes.io/hostname))\n");
}

// r1: a [x.......] b [........]    r2: c [........]
TEST_F(PodAffinityTest, ADomainIsAllNodesWithTheSameValue) {
  Node("a", "r1");
  Node("b", "r1");
  Node("c", "r2");
  Pod("x", "a", {In("x")});
  Job("j", 1, {Avoids("x", "rack")});
  EXPECT_EQ(Plan(), "start t/j B: c main x1\n");
}

TEST_F(PodAffinityTest, ANodeWithoutTheLabelIsInNoDomain) {
  Node("a", "r1");
  Node("b");
  Pod("x", "b", {In("x"), In("j"), Avoids("j", "rack")});
  Pod("y", "a", {In("x")});
  Job("j", 3, {In("j"), Avoids("j", "rack"), Avoids("x", "rack")});
  EXPECT_EQ(Plan(), "start t/j B: b main x3\n");
  s_.world.RemoveGang("t/j");
  Job("k", 1, {Joins("x", "rack")});
  Pod("y", "b", {In("x")});
  EXPECT_EQ(Plan(),
            "hold t/k: GangIncomplete: 0/2 nodes can take a pod: 1 pod affinity (x in rack), 1 "
            "without label rack of pod affinity\n");
}

TEST_F(PodAffinityTest, APodJoinsADomainOfTheOthers) {
  Node("a", "r1");
  Node("b", "r2");
  Node("c", "r2", 4);
  Pod("x", "c", {In("x")});
  Job("j", 10, {Joins("x", "rack")});
  EXPECT_EQ(Plan(), "start t/j B: b main x6, c main x4\n");
}

TEST_F(PodAffinityTest, WhoHasNobodyToJoinWaits) {
  Node("a");
  Job("j", 1, {Joins("x")});
  EXPECT_EQ(Plan(),
            "hold t/j: GangIncomplete: 0/1 nodes can take a pod: 1 pod affinity (x in "
            "kubernetes.io/hostname)\n");
  Pod("x", "a", {In("x")});
  EXPECT_EQ(Plan(), "start t/j B: a main x1\n");
}

TEST_F(PodAffinityTest, ANodeThatCanBeInNoDomainIsNoneForIt) {
  Node("a");
  Job("j", 1, {In("j"), Joins("j", "rack")});
  EXPECT_EQ(Plan(),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 without label rack of pod "
            "affinity\n");
}

// The best node for the first one is in the small rack.
TEST_F(PodAffinityTest, AGangThatJoinsItselfGoesWholeIntoARackThatHoldsIt) {
  Node("a", "r1", 2);
  Node("b", "r2", 4);
  Node("c", "r2", 4);
  Node("d", "r3", 8);
  Node("e", "r3", 8);
  Job("j", 6, {In("j"), Joins("j", "rack")});
  EXPECT_EQ(Plan(), "start t/j B: b main x4, c main x2\n");
}

TEST_F(PodAffinityTest, TheFirstOfThoseThatJoinThemselvesIsOnlyFreeWhereThereIsNoOther) {
  Node("a", "r1", 2);
  Node("b", "r2", 8);
  Pod("x", "a", {In("j")});
  Job("j", 3, {In("j"), Joins("j", "rack")});
  EXPECT_EQ(Plan(),
            "hold t/j: GangIncomplete: 2 of 3 pods fit now (1/2 nodes can take a pod: 1 pod "
            "affinity (j in rack); beside those 0: 1 insufficient nvidia.com/gpu (need 1), 1 pod "
            "affinity (j in rack)); 1 more nvidia.com/gpu needed\n");
}

TEST_F(PodAffinityTest, OneOfTheTermsIsNotEnough) {
  Node("a", "r1");
  Node("b", "r2");
  Pod("x", "a", {In("x")});
  Job("j", 1, {Joins("x"), Joins("x", "rack"), Joins("x", "zone")});
  EXPECT_NE(Plan().find("2 without label zone of pod affinity"), std::string::npos);
  s_.world.RemoveGang("t/j");
  Job("k", 1, {Joins("x"), Joins("x", "rack")});
  EXPECT_EQ(Plan(), "start t/k B: a main x1\n");
}

// The workers are the larger ones and would come first.
TEST_F(PodAffinityTest, ATaskWaitsForTheTaskThatItJoins) {
  Node("a", "r1", 4);
  Node("b", "r2", 8);
  Gang gang = MakeGang("j", 2, {Joins("head", "rack")}, 4);
  gang.tasks.push_back(gang.tasks[0]);
  gang.tasks[1].name = "head";
  Shape small;
  small.request = testing::Request(0);
  gang.tasks[1].shape = s_.world.InternShape(small);
  gang.tasks[1].replicas = 1;
  gang.tasks[1].ties = {In("head")};
  gang.min_replicas = 3;
  s_.Job(gang);
  EXPECT_EQ(Plan(), "start t/j B: b main x2, b head x1\n");
}

TEST_F(PodAffinityTest, GangsOfOneCycleSeeEachOther) {
  Node("a");
  Node("b");
  Job("j", 1, {In("db"), Avoids("db")});
  Job("k", 1, {In("db"), Avoids("db")});
  Job("l", 1, {In("db"), Avoids("db")});
  EXPECT_EQ(Plan(),
            "start t/j B: a main x1\n"
            "start t/k B: b main x1\n"
            "hold t/l: GangIncomplete: 0/2 nodes can take a pod: 2 pod anti-affinity (db in "
            "kubernetes.io/hostname)\n");
}

TEST_F(PodAffinityTest, AnElasticGangTakesAsManyAsItMay) {
  Node("a");
  Node("b");
  Gang gang = MakeGang("j", 3, {In("j"), Avoids("j")});
  gang.min_replicas = 1;
  s_.Job(gang);
  EXPECT_EQ(Plan(), "start t/j B: a main x1, b main x1\n");
}

TEST_F(PodAffinityTest, OneThatIsBeingReleasedIsThereUntilItIsGone) {
  Node("a");
  Gang old = MakeGang("old", 0, {});
  old.state = GangState::kReleasing;
  s_.Job(old);
  Occupant pod;
  pod.key = "x";
  pod.node = "a";
  pod.gang = "t/old";
  pod.ties = {In("x")};
  s_.world.SetOccupant(pod);
  Job("j", 1, {Avoids("x")});
  EXPECT_EQ(Plan(),
            "hold t/j: WaitingForPreemptedWorkloads: it fits when what is ending has ended: "
            "t/old\n");
  s_.world.RemoveOccupant("x");
  EXPECT_EQ(Plan(), "start t/j B: a main x1\n");
}

// There are GPUs enough: what is in the way is the pod itself.
TEST_F(PodAffinityTest, AVictimIsInNobodysWayAnyMore) {
  Node("a");
  RunningPod("low", {In("x")}, 250);
  Job("j", 1, {Avoids("x")});
  EXPECT_EQ(Plan().substr(0, 29), "evict t/low for t/j: Priority");
}

// With both of them gone there would be nobody to join.
TEST_F(PodAffinityTest, OneOfThoseThatWouldMakeRoomIsKeptToBeJoined) {
  Node("a", "", 2);
  RunningPod("low", {In("x")}, 250);
  RunningPod("lower", {In("x")}, 240);
  Job("j", 1, {Joins("x")});
  EXPECT_EQ(Plan().substr(0, 31), "evict t/lower for t/j: Priority");
}

TEST_F(PodAffinityTest, AllOfThoseToBeJoinedAreKeptWhereOthersMakeRoom) {
  Node("a", "", 3);
  RunningPod("low", {In("x")}, 250);
  RunningPod("lower", {In("x")}, 240);
  RunningPod("other", {}, 260);
  Job("j", 1, {Joins("x")});
  EXPECT_EQ(Plan().substr(0, 31), "evict t/other for t/j: Priority");
}

TEST_F(PodAffinityTest, WhoWouldHaveToEvictTheOnlyOneItJoinsWaits) {
  Node("a", "", 1);
  RunningPod("low", {In("x")}, 250);
  Job("j", 1, {Joins("x")});
  EXPECT_EQ(Plan().substr(0, 8), "hold t/j");
}

TEST_F(PodAffinityTest, NobodyTakesAKeptPlaceThatItWouldSpoil) {
  Node("a");
  RunningPod("low", {In("x")}, 250);
  Job("j", 1, {In("j"), Avoids("x")});
  s_.world.SetReservations(s_.Decide().reservations);
  Gang low = *s_.world.FindGang("t/low");
  low.state = GangState::kReleasing;
  low.beneficiary = "t/j";
  s_.Job(low);
  Job("k", 1, {In("x")});
  Job("l", 1, {Avoids("j")});
  Job("m", 1, {Joins("j")});
  Job("n", 1, {});
  const std::string plan = Plan();
  EXPECT_NE(plan.find("(x in kubernetes.io/hostname)"), std::string::npos) << plan;
  EXPECT_NE(plan.find("pod anti-affinity (j in kubernetes.io/hostname)"), std::string::npos);
  EXPECT_NE(plan.find("pod affinity (j in kubernetes.io/hostname)"), std::string::npos);
  EXPECT_NE(plan.find("start t/n"), std::string::npos);
  s_.world.RemoveOccupant("low");
  s_.world.RemoveGang("t/low");
  EXPECT_EQ(Plan().substr(0, 9), "start t/j");
}

TEST_F(PodAffinityTest, ANodeThatMovesToAnotherRackTakesItsPodsAlong) {
  Node("a", "r1");
  Node("b", "r1");
  Pod("x", "a", {In("x")});
  Job("j", 1, {Avoids("x", "rack")});
  EXPECT_EQ(s_.Plan().substr(0, 4), "hold");
  Node("a", "r2");
  EXPECT_EQ(Plan(), "start t/j B: b main x1\n");
}

TEST_F(PodAffinityTest, APodWhoseTiesChangeCountsAsItIsNow) {
  Node("a");
  Pod("x", "a", {});
  Job("j", 1, {Avoids("x")});
  EXPECT_EQ(s_.Plan().substr(0, 5), "start");
  Pod("x", "a", {In("x")});
  EXPECT_EQ(s_.Plan().substr(0, 4), "hold");
  Pod("x", "a", {In("y")});
  EXPECT_EQ(s_.Plan(), "start t/j B: a main x1\n");
}

TEST_F(PodAffinityTest, APolicyWithoutTheFilterDoesNotCare) {
  std::erase(s_.policy.filters, "pod_affinity");
  Node("a");
  Job("j", 2, {In("j"), Avoids("j")});
  EXPECT_EQ(Plan(), "start t/j B: a main x2\n");
}

}  // namespace
}  // namespace muster::sched
