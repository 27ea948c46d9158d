// Each filter on its own: what it lets in, and how it says no.
#include <gtest/gtest.h>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::MakeNode;
using testing::Request;
using testing::Scenario;

Shape ShapeOf(std::int64_t gpus = 1) {
  Shape shape;
  shape.request = Request(gpus);
  return shape;
}

// A cluster of one node and one pod that wants to go there.
std::string Plan(const Node& node, const Shape& shape) {
  Scenario s;
  s.Node(node).Tenant("t");
  return s.Job(s.MakeGang("t/j", 1, shape)).Plan();
}

const char kStarts[] = "start t/j B: n main x1\n";

TEST(NodeReady, ACordonedOrSickNodeTakesNothingNew) {
  Node node = MakeNode("n", 8);
  EXPECT_EQ(Plan(node, ShapeOf()), kStarts);
  node.cordoned = true;
  EXPECT_EQ(Plan(node, ShapeOf()),
            "hold t/j: NodesUnhealthy: 0/1 nodes can take a pod: 1 cordoned\n");
  node.cordoned = node.ready = false;
  EXPECT_EQ(Plan(node, ShapeOf()),
            "hold t/j: NodesUnhealthy: 0/1 nodes can take a pod: 1 not ready\n");
}

// n [########] of which only 6 are left        m [........]
TEST(Resources, ANodeWithMoreInUseThanItHasTakesNothingWhateverIsAskedFor) {
  Scenario s;
  s.Node("n", 8).Tenant("t").Running("t/x", {"n"}, 8).Job("t/j", 1, 0);
  s.Node(MakeNode("n", 6));
  EXPECT_EQ(s.world.OverOn("n"), testing::Gpus(2));
  EXPECT_EQ(s.Plan(),
            "hold t/j: GangIncomplete: 0/1 nodes can take a pod: 1 over-allocated; 1 more "
            "cpu needed; most cpu is held by t/x (1)\n");
  s.Node(MakeNode("n", 8));
  EXPECT_TRUE(s.world.OverOn("n").empty());
  EXPECT_EQ(s.Plan(), "start t/j B: n main x1\n");
}

TEST(Resources, ANodeIsOpenAgainWhenWhatWasTooMuchIsGone) {
  Scenario s;
  s.Node("n", 6).Tenant("t").Running("t/x", {"n"}, 4).Running("t/y", {"n"}, 4).Job("t/j", 1, 1);
  EXPECT_EQ(s.world.OverOn("n"), testing::Gpus(2));
  EXPECT_NE(s.Plan().find("1 over-allocated"), std::string::npos);
  s.world.RemoveOccupant("t/y#2");
  EXPECT_EQ(s.Plan(), "start t/j B: n main x1\n");
}

TEST(Taints, KeepOutWhatDoesNotTolerateThem) {
  Node node = MakeNode("n", 8);
  node.taints = {{"gpu", "yes", "NoSchedule"}};
  Shape shape = ShapeOf();
  EXPECT_EQ(Plan(node, shape),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 taint gpu=yes:NoSchedule not "
            "tolerated\n");
  shape.tolerations = {{"gpu", "no", "", false}};
  EXPECT_NE(Plan(node, shape), kStarts);
  shape.tolerations = {{"gpu", "yes", "NoExecute", false}};
  EXPECT_NE(Plan(node, shape), kStarts);
  shape.tolerations = {{"gpu", "yes", "", false}};
  EXPECT_EQ(Plan(node, shape), kStarts);
  shape.tolerations = {{"gpu", "", "NoSchedule", true}};
  EXPECT_EQ(Plan(node, shape), kStarts);
  shape.tolerations = {{"", "", "", true}};
  EXPECT_EQ(Plan(node, shape), kStarts);
}

TEST(Taints, PreferNoScheduleKeepsNothingOut) {
  Node node = MakeNode("n", 8);
  node.taints = {{"gpu", "", "PreferNoSchedule"}};
  EXPECT_EQ(Plan(node, ShapeOf()), kStarts);
}

bool Selected(const Requirement& requirement) {
  Node node = MakeNode("n", 8);
  node.labels["zone"] = "a";
  node.labels["gen"] = "7";
  Shape shape = ShapeOf();
  shape.selector = {requirement};
  return Plan(node, shape) == kStarts;
}

TEST(NodeSelector, KnowsEveryOperator) {
  EXPECT_TRUE(Selected({"zone", SelectOp::kIn, {"b", "a"}, false}));
  EXPECT_FALSE(Selected({"zone", SelectOp::kIn, {"b"}, false}));
  EXPECT_FALSE(Selected({"none", SelectOp::kIn, {"a"}, false}));
  EXPECT_FALSE(Selected({"zone", SelectOp::kNotIn, {"a"}, false}));
  EXPECT_TRUE(Selected({"none", SelectOp::kNotIn, {"a"}, false}));
  EXPECT_TRUE(Selected({"zone", SelectOp::kExists, {}, false}));
  EXPECT_FALSE(Selected({"none", SelectOp::kExists, {}, false}));
  EXPECT_TRUE(Selected({"none", SelectOp::kDoesNotExist, {}, false}));
  EXPECT_TRUE(Selected({"gen", SelectOp::kGt, {"6"}, false}));
  EXPECT_FALSE(Selected({"gen", SelectOp::kGt, {"7"}, false}));
  EXPECT_TRUE(Selected({"gen", SelectOp::kLt, {"8"}, false}));
  EXPECT_FALSE(Selected({"zone", SelectOp::kGt, {"1"}, false}));
}

TEST(NodeSelector, KnowsTheNameOfTheNode) {
  EXPECT_TRUE(Selected({"metadata.name", SelectOp::kIn, {"n"}, true}));
  EXPECT_FALSE(Selected({"metadata.name", SelectOp::kIn, {"m"}, true}));
  EXPECT_FALSE(Selected({"metadata.name", SelectOp::kNotIn, {"n"}, true}));
}

TEST(NodeSelector, OneOfTheTermsIsEnough) {
  Node node = MakeNode("n", 8);
  node.labels["zone"] = "a";
  Shape shape = ShapeOf();
  shape.required = {{{"zone", SelectOp::kIn, {"b"}, false}}};
  EXPECT_EQ(Plan(node, shape),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 not selected by node labels\n");
  shape.required.push_back({{"zone", SelectOp::kIn, {"a"}, false}});
  EXPECT_EQ(Plan(node, shape), kStarts);
}

TEST(VolumeAffinity, EveryVolumeMustBeWithinReachAndTheNodeSelectedToo) {
  const auto zones = [](std::vector<std::string> names) {
    return Terms{{{"zone", SelectOp::kIn, std::move(names), false}}};
  };
  Node node = MakeNode("n", 8);
  node.labels["zone"] = "a";
  Shape shape = ShapeOf();
  shape.volumes = {zones({"a", "b"}), zones({"b"})};
  EXPECT_EQ(
      Plan(node, shape),
      "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 volume node affinity conflict\n");
  node.labels["zone"] = "b";
  EXPECT_EQ(Plan(node, shape), kStarts);
  shape.required = zones({"a"});
  EXPECT_EQ(Plan(node, shape),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 not selected by node labels\n");
}

TEST(VolumeAffinity, OneOfTheTermsOfAVolumeIsEnough) {
  Shape shape = ShapeOf();
  shape.volumes = {{{{"metadata.name", SelectOp::kIn, {"m"}, true}},
                    {{"metadata.name", SelectOp::kIn, {"n"}, true}}}};
  EXPECT_EQ(Plan(MakeNode("n", 8), shape), kStarts);
}

TEST(GpuModel, GoesOnlyToNodesOfThatModel) {
  Node node = MakeNode("n", 8);
  Shape shape = ShapeOf();
  shape.gpu_model = "H100";
  EXPECT_EQ(Plan(node, shape),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 other GPU model (need H100)\n");
  node.labels["nvidia.com/gpu.product"] = "H100";
  EXPECT_EQ(Plan(node, shape), kStarts);
}

TEST(Ports, AHostPortIsUsedOnceANode) {
  Scenario s;
  Shape shape = ShapeOf();
  shape.ports = {{80, "TCP", ""}};
  s.Node("a", 8).Node("b", 8).Tenant("t");
  Gang gang = s.MakeGang("t/j", 3, shape);
  gang.min_replicas = 1;
  EXPECT_EQ(s.Job(gang).Plan(), "start t/j B: a main x1, b main x1\n");
}

TEST(Ports, APortInUseIsNamedAndOtherAddressesAreFree) {
  Scenario s;
  s.Node("n", 8).Tenant("t");
  Occupant occupant;
  occupant.key = "x";
  occupant.node = "n";
  occupant.ports = {{80, "TCP", "10.0.0.1"}};
  s.world.SetOccupant(occupant);
  Shape shape = ShapeOf();
  shape.ports = {{80, "TCP", ""}};
  s.Job(s.MakeGang("t/all", 1, shape));
  shape.ports = {{80, "TCP", "10.0.0.2"}, {80, "UDP", ""}};
  s.Job(s.MakeGang("t/other", 1, shape));
  EXPECT_EQ(s.Plan(),
            "start t/other B: n main x1\n"
            "hold t/all: GangIncomplete: 0/1 nodes can take a pod: 1 host port 80 in use; 1 more "
            "nvidia.com/gpu needed\n");
}

TEST(Resources, AnyExtendedResourceCounts) {
  Node node = MakeNode("n", 8);
  Shape shape = ShapeOf();
  shape.request.emplace_back("rdma/hca", 2);
  EXPECT_EQ(Plan(node, shape),
            "hold t/j: NoMatchingNodes: 0/1 nodes can take a pod: 1 insufficient rdma/hca (need "
            "2)\n");
  node.allocatable.emplace_back("rdma/hca", 2);
  EXPECT_EQ(Plan(node, shape), kStarts);
}

TEST(Resources, RefusalsAreCountedByWhatTheyAre) {
  Scenario s;
  for (int i = 0; i < 3; ++i) s.Node("full" + std::to_string(i), 8);
  s.Node("small", 4).Tenant("t");
  Node node = MakeNode("away", 8);
  node.cordoned = true;
  s.Node(node).Running("t/x", {"full0", "full1", "full2"}, 8).Job("t/j", 1, 8);
  EXPECT_EQ(s.Plan(),
            "hold t/j: GangIncomplete: 0/5 nodes can take a pod: 4 insufficient nvidia.com/gpu "
            "(need 8), 1 cordoned; 8 more nvidia.com/gpu needed; most nvidia.com/gpu is held by "
            "t/x (24)\n");
}

}  // namespace
}  // namespace muster::sched
