// Topology spread constraints, rule by rule.
#include <gtest/gtest.h>

#include "sched/ties.h"

namespace muster::sched {
namespace {

using testing::Avoids;
using testing::In;
using testing::kHost;
using testing::MakeNode;
using testing::Scenario;
using testing::Spreads;

class TopologySpreadTest : public ::testing::Test {
 protected:
  TopologySpreadTest() { s_.Tenant("t"); }
  // Without a zone: the node has no such label.
  static sched::Node NodeOf(const std::string& name, const std::string& zone,
                            std::int64_t gpus = 8) {
    sched::Node node = MakeNode(name, gpus);
    if (!zone.empty()) node.labels["zone"] = zone;
    return node;
  }
  void Node(const std::string& name, const std::string& zone, std::int64_t gpus = 8) {
    s_.Node(NodeOf(name, zone, gpus));
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
  // Its pods go only to nodes with this label.
  void Selecting(Gang gang, const std::string& label) {
    Shape shape;
    shape.request = testing::Request(1);
    shape.selector = {{label, SelectOp::kExists, {}, false}};
    gang.tasks[0].shape = s_.world.InternShape(shape);
    s_.Job(gang);
  }
  // Pods of nobody.
  void Pods(const std::string& node, int count, const std::string& set = "j") {
    for (int i = 0; i < count; ++i) {
      Occupant pod;
      pod.key = node + set + std::to_string(i);
      pod.node = node;
      pod.ties = {In(set)};
      s_.world.SetOccupant(pod);
    }
  }
  // A gang of one pod that runs on a node.
  void RunningPod(const std::string& name, const std::string& node, const Ties& ties,
                  std::int64_t gpus) {
    Gang gang = MakeGang(name, 0, {});
    gang.priority = 250;
    s_.Running(gang, {}, 1);
    Occupant pod;
    pod.key = name;
    pod.node = node;
    pod.gang = "t/" + name;
    pod.tenant = "t";
    pod.amounts = testing::Request(gpus);
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
  bool Says(const std::string& text) {
    const std::string plan = Plan();
    const bool says = plan.find(text) != std::string::npos;
    EXPECT_TRUE(says) << plan;
    return says;
  }

  Scenario s_;
};

// z1: a [xx......]     z2: b [xx......]
TEST_F(TopologySpreadTest, PodsOfAGangAreSpreadEvenly) {
  Node("a", "z1");
  Node("b", "z2");
  Job("j", 4, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: a main x2, b main x2\n");
}

// What z1 has taken is only enough when z2 has caught up, again and again, and on another node.
TEST_F(TopologySpreadTest, ADomainOpensAgainWhenTheOthersHaveCaughtUp) {
  Node("a1", "z1", 2);
  Node("a2", "z1", 2);
  Node("b1", "z2", 1);
  Node("b2", "z2", 3);
  Node("c1", "z3", 8);
  Job("j", 12, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: a1 main x2, a2 main x2, b1 main x1, b2 main x3, c1 main x4\n");
}

TEST_F(TopologySpreadTest, ADomainMayHaveAsManyMoreAsMaxSkewSays) {
  Node("a", "z1");
  Node("b", "z2", 1);
  Job("j", 4, {In("j"), Spreads("j", "zone", 2)});
  EXPECT_EQ(Plan(), "start t/j B: a main x3, b main x1\n");
}

TEST_F(TopologySpreadTest, ADomainThatIsFullHoldsTheOthersBackAndTheMessageSaysSo) {
  Node("a", "z1");
  Node("b", "z2", 1);
  Job("j", 4, {In("app=j\nt"), Spreads("app=j\nt")});
  EXPECT_EQ(Plan(),
            "hold t/j: GangIncomplete: 3 of 4 pods fit now (2/2 nodes can take a pod; beside those "
            "0: 1 insufficient nvidia.com/gpu (need 1), 1 topology spread (app=j over zone, "
            "maxSkew 1)); 1 more nvidia.com/gpu needed\n");
}

TEST_F(TopologySpreadTest, PodsThatAreThereCount) {
  Node("a", "z1");
  Node("b", "z2");
  Pods("a", 3);
  Job("j", 3, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: b main x3\n");
}

TEST_F(TopologySpreadTest, WhatIsUnevenAlreadyOnlyClosesTheFullerDomains) {
  Node("a", "z1");
  Node("b", "z2");
  Node("c", "z3");
  Pods("a", 5);
  Pods("b", 1);
  Job("j", 3, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: b main x1, c main x2\n");
}

TEST_F(TopologySpreadTest, PodsOfOtherSetsDoNotCount) {
  Node("a", "z1");
  Node("b", "z2");
  Pods("a", 3, "x");
  Job("j", 2, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: a main x1, b main x1\n");
}

TEST_F(TopologySpreadTest, APodThatDoesNotMatchItselfIsNotOneMore) {
  Node("a", "z1");
  Node("b", "z2");
  Pods("a", 1, "x");
  Job("j", 5, {In("j"), Spreads("x")});
  EXPECT_EQ(Plan(), "start t/j B: a main x5\n");
  Pods("a", 2, "x");
  EXPECT_EQ(Plan(), "start t/j B: b main x5\n");
}

TEST_F(TopologySpreadTest, ANodeThatTakesNothingIsADomainAllTheSame) {
  Node("a", "z1");
  Job("j", 2, {In("j"), Spreads("j")});
  sched::Node other = NodeOf("b", "z2");
  other.cordoned = true;
  s_.Node(other);
  EXPECT_TRUE(Says("1 of 2 pods fit now (1/2 nodes can take a pod: 1 cordoned; beside those 0"));
  other.cordoned = false;
  other.ready = false;
  s_.Node(other);
  EXPECT_TRUE(Says("1 of 2 pods fit now (1/2 nodes can take a pod: 1 not ready; beside those 0"));
  other.ready = true;
  other.taints = {{"gone", "", "NoExecute"}};
  s_.Node(other);
  EXPECT_TRUE(Says("1 of 2 pods fit now (1/2 nodes can take a pod: 1 taint"));
  s_.world.RemoveNode("b");
  EXPECT_EQ(Plan(), "start t/j B: a main x2\n");
}

TEST_F(TopologySpreadTest, ANodeThatThePodDoesNotSelectIsNoDomain) {
  sched::Node selected = NodeOf("a", "z1");
  selected.labels["pool"] = "x";
  s_.Node(selected);
  Node("b", "z2");
  Selecting(MakeGang("j", 2, {In("j"), Spreads("j")}), "pool");
  EXPECT_EQ(Plan(), "start t/j B: a main x2\n");
}

TEST_F(TopologySpreadTest, PodsOnNodesThatThePodDoesNotSelectDoNotCount) {
  sched::Node selected = NodeOf("a1", "z1");
  selected.labels["pool"] = "x";
  s_.Node(selected);
  selected = NodeOf("b", "z2");
  selected.labels["pool"] = "x";
  s_.Node(selected);
  Node("a2", "z1");
  Pods("a2", 4);
  Selecting(MakeGang("j", 2, {In("j"), Spreads("j")}), "pool");
  EXPECT_EQ(Plan(), "start t/j B: a1 main x1, b main x1\n");
}

TEST_F(TopologySpreadTest, ANodeWithAnotherGpuModelIsNoDomain) {
  sched::Node selected = NodeOf("a", "z1");
  selected.labels["nvidia.com/gpu.product"] = "A100";
  s_.Node(selected);
  sched::Node other = NodeOf("b", "z2");
  other.labels["nvidia.com/gpu.product"] = "H100";
  s_.Node(other);
  Gang gang = MakeGang("j", 2, {In("j"), Spreads("j")});
  Shape shape;
  shape.request = testing::Request(1);
  shape.gpu_model = "A100";
  gang.tasks[0].shape = s_.world.InternShape(shape);
  s_.Job(gang);
  EXPECT_EQ(Plan(), "start t/j B: a main x2\n");
}

TEST_F(TopologySpreadTest, ANodeWithoutTheLabelIsRefused) {
  Node("a", "");
  Job("j", 1, {Spreads("j")});
  EXPECT_EQ(Plan(),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 without label zone of topology "
            "spread\n");
  Node("b", "z1");
  EXPECT_EQ(Plan(), "start t/j B: b main x1\n");
}

// c has no rack: z3 is no domain, and its pods do not count.
TEST_F(TopologySpreadTest, OnlyNodesWithTheLabelsOfAllConstraintsCount) {
  for (const auto& [name, zone] : {std::pair{"a", "z1"}, std::pair{"b", "z2"}}) {
    sched::Node node = NodeOf(name, zone);
    node.labels["rack"] = std::string("r-") + name;
    s_.Node(node);
  }
  Node("c", "z3");
  Node("d", "z1");
  Pods("d", 3);
  Job("j", 4, {In("j"), Spreads("j", "rack"), Spreads("j", "zone")});
  EXPECT_EQ(Plan(), "start t/j B: a main x2, b main x2\n");
}

// z1: a1 a2     z2: b1 b2 b3
TEST_F(TopologySpreadTest, EveryConstraintHolds) {
  for (const char* name : {"a1", "a2"}) Node(name, "z1");
  for (const char* name : {"b1", "b2", "b3"}) Node(name, "z2");
  Job("j", 5, {In("j"), Spreads("j", kHost), Spreads("j", "zone")});
  EXPECT_EQ(Plan(), "start t/j B: a1 main x1, a2 main x1, b1 main x1, b2 main x1, b3 main x1\n");
}

TEST_F(TopologySpreadTest, FewerDomainsThanMinDomainsMeanThatTheFewestIsNone) {
  Node("a", "z1");
  Node("b", "z2");
  Job("j", 3, {In("app=j\nt"), Spreads("app=j\nt", "zone", 1, 3)});
  EXPECT_EQ(Plan(),
            "hold t/j: GangIncomplete: 2 of 3 pods fit now (2/2 nodes can take a pod; beside those "
            "0: 2 topology spread (app=j over zone, maxSkew 1, 2 domains for minDomains 3))\n");
  Node("c", "z3");
  EXPECT_EQ(Plan(), "start t/j B: a main x1, b main x1, c main x1\n");
}

TEST_F(TopologySpreadTest, SpreadAndAntiAffinityHoldTogether) {
  for (const char* name : {"a1", "a2", "a3"}) Node(name, "z1");
  for (const char* name : {"b1", "b2"}) Node(name, "z2");
  Job("j", 5, {In("j"), Avoids("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: a1 main x1, a2 main x1, a3 main x1, b1 main x1, b2 main x1\n");
}

TEST_F(TopologySpreadTest, TasksOfAGangCountEachOther) {
  Node("a", "z1", 4);
  Node("b", "z2", 4);
  Gang gang = MakeGang("j", 2, {In("j"), Spreads("j")}, 2);
  gang.tasks.push_back(gang.tasks[0]);
  gang.tasks[1].name = "small";
  Shape small;
  small.request = testing::Request(0);
  gang.tasks[1].shape = s_.world.InternShape(small);
  gang.tasks[1].replicas = 3;
  gang.min_replicas = 5;
  s_.Job(gang);
  const sched::Plan plan = s_.Decide();
  ASSERT_EQ(plan.starts.size(), 1U);
  std::int32_t on_a = 0;
  for (const Place& place : plan.starts[0].places) {
    if (s_.world.NodeName(place.node) == "a") on_a += place.count;
  }
  EXPECT_TRUE(on_a == 2 || on_a == 3) << ToText(plan, s_.world);
}

TEST_F(TopologySpreadTest, GangsOfOneCycleSeeEachOther) {
  Node("a", "z1");
  Node("b", "z2");
  for (const char* name : {"j", "k"}) Job(name, 1, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: a main x1\nstart t/k B: b main x1\n");
}

TEST_F(TopologySpreadTest, AnElasticGangTakesAsManyAsItMay) {
  Node("a", "z1");
  Node("b", "z2", 2);
  Gang gang = MakeGang("j", 8, {In("j"), Spreads("j")});
  gang.min_replicas = 1;
  s_.Job(gang);
  EXPECT_EQ(Plan(), "start t/j B: a main x3, b main x2\n");
}

TEST_F(TopologySpreadTest, APodThatIsEndingCountsUntilItIsGone) {
  Node("a", "z1");
  sched::Node other = NodeOf("b", "z2");
  other.cordoned = true;
  s_.Node(other);
  RunningPod("old", "a", {In("j")}, 1);
  Gang old = *s_.world.FindGang("t/old");
  old.state = GangState::kReleasing;
  s_.Job(old);
  Job("j", 1, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(),
            "hold t/j: WaitingForPreemptedWorkloads: it fits when what is ending has ended: "
            "t/old\n");
  s_.world.RemoveOccupant("old");
  EXPECT_EQ(Plan(), "start t/j B: a main x1\n");
}

// There are GPUs enough: what is in the way is the pod itself.
TEST_F(TopologySpreadTest, AVictimCountsNoMore) {
  Node("a", "z1");
  sched::Node other = NodeOf("b", "z2");
  other.cordoned = true;
  s_.Node(other);
  RunningPod("low", "a", {In("j")}, 1);
  Job("j", 1, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan().substr(0, 29), "evict t/low for t/j: Priority");
}

TEST_F(TopologySpreadTest, AKeptPlaceCountsInItsDomain) {
  Node("a", "z1");
  sched::Node other = NodeOf("b", "z2");
  other.cordoned = true;
  s_.Node(other);
  RunningPod("low", "a", {}, 8);
  Job("j", 1, {In("j"), Spreads("j")}, 8);
  s_.world.SetReservations(s_.Decide().reservations);
  Gang low = *s_.world.FindGang("t/low");
  low.state = GangState::kReleasing;
  low.beneficiary = "t/j";
  s_.Job(low);
  Job("k", 1, {In("j"), Spreads("j")}, 0);
  Job("n", 1, {}, 0);
  const std::string plan = Plan();
  EXPECT_NE(plan.find("hold t/k: GangIncomplete"), std::string::npos) << plan;
  EXPECT_NE(plan.find("1 topology spread (j over zone, maxSkew 1)"), std::string::npos) << plan;
  EXPECT_NE(plan.find("start t/n"), std::string::npos) << plan;
  s_.world.RemoveOccupant("low");
  s_.world.RemoveGang("t/low");
  EXPECT_EQ(Plan().substr(0, 9), "start t/j");
}

TEST_F(TopologySpreadTest, ANodeThatMovesToAnotherZoneTakesItsPodsAlong) {
  Node("a", "z1");
  Node("b", "z2");
  Pods("a", 1);
  Job("j", 1, {In("j"), Spreads("j")});
  EXPECT_EQ(s_.Plan(), "start t/j B: b main x1\n");
  Node("a", "z2");
  Node("c", "z1");
  EXPECT_EQ(Plan(), "start t/j B: c main x1\n");
}

TEST_F(TopologySpreadTest, ConstraintsThatDifferOnlyInTheirNumbersAreNotTheSame) {
  Node("a", "z1");
  Node("b", "z2", 1);
  Job("k", 3, {In("k"), Spreads("k", "zone", 2)});
  Job("j", 4, {In("k"), Spreads("k", "zone", 1)});
  EXPECT_TRUE(Says("hold t/j"));
  s_.world.RemoveGang("t/j");
  Job("l", 4, {In("k"), Spreads("k", "zone", 9)});
  EXPECT_TRUE(Says("start t/l"));
}

TEST_F(TopologySpreadTest, APolicyWithoutTheFilterDoesNotCare) {
  std::erase(s_.policy.filters, "topology_spread");
  Node("a", "z1");
  Node("b", "z2");
  Job("j", 2, {In("j"), Spreads("j")});
  EXPECT_EQ(Plan(), "start t/j B: a main x2\n");
}

}  // namespace
}  // namespace muster::sched
