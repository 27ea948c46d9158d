// Holds: one reason and one sentence a person can act on.
#include <gtest/gtest.h>

#include <set>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::kNow;
using testing::MakeNode;
using testing::Scenario;
using testing::Seconds;

//   a [xxxxxxxx]  b [xxxxyyyy]  c [........]    the gang needs two whole nodes
TEST(Explain, TellsWhenTheMissingPartComesFreeWhereThatIsKnown) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Node("c", 8).Tenant("t");
  Gang x = s.MakeGang("t/x", 0, 8);
  x.bound_end = Seconds(kNow + 3600);
  Gang y = s.MakeGang("t/y", 0, 4);
  y.bound_end = Seconds(kNow + 600);
  s.Running(x, {"a"}, 8).Occupy(x, "b", testing::Request(4)).Running(y, {"b"}, 4);
  s.Job("t/j", 2, 8);
  EXPECT_EQ(s.Plan(),
            "hold t/j: GangIncomplete: 1 of 2 pods fit now (1/3 nodes can take a pod: 2 "
            "insufficient nvidia.com/gpu (need 8)); 8 more nvidia.com/gpu needed; nvidia.com/gpu "
            "comes free: 4 when t/y ends, at the latest at 1970-01-12 13:56, 12 when t/x ends, at "
            "the latest at 1970-01-12 14:46\n");
}

TEST(Explain, ATaskThatFitsNowhereIsNamed) {
  Scenario s;
  s.Node("a", 8).Tenant("t");
  Gang gang = s.MakeGang("t/j", 1, 1);
  Shape shape;
  shape.request = testing::Request(16);
  gang.tasks.push_back({"large", s.world.InternShape(shape), 1, {}});
  gang.min_replicas = 2;
  s.Node("b", 12).Job(gang);
  EXPECT_EQ(s.Plan(),
            "hold t/j: NoMatchingNodes: 0/2 nodes can take a pod of task large: 2 insufficient "
            "nvidia.com/gpu (need 16)\n");
}

TEST(Explain, SickNodesAreTheReasonOnlyIfNoHealthyOneCouldEverDo) {
  Scenario s;
  Node sick = MakeNode("sick", 8);
  sick.ready = false;
  s.Node(sick).Node("small", 4).Tenant("t").Job("t/j", 1, 8);
  EXPECT_EQ(s.Plan(),
            "hold t/j: NodesUnhealthy: 0/2 nodes can take a pod: 1 insufficient nvidia.com/gpu "
            "(need 8), 1 not ready\n");
  s.Node("other", 8).Running("t/x", {"other"}, 8);
  EXPECT_NE(s.Plan().find("GangIncomplete"), std::string::npos);
}

// m [....]  n [xxxx]  both kept for b/j, whose second pod waits for a/y to go
TEST(Explain, RoomThatIsKeptForAnotherIsToldWithItsName) {
  Scenario s;
  s.Node("m", 4).Node("n", 4).Tenant("a").Tenant("b", 8).Tenant("c");
  s.Running("a/x", {"m"}, 4).Running("a/y", {"n"}, 4).Job("b/j", 2, 4);
  const Plan evicting = s.Decide();
  ASSERT_EQ(evicting.evictions.size(), 2U);
  s.world.SetReservations(evicting.reservations);
  for (const char* name : {"a/x", "a/y"}) {
    Gang victim = *s.world.FindGang(name);
    victim.state = GangState::kReleasing;
    victim.beneficiary = "b/j";
    s.world.SetGang(victim);
  }
  s.world.RemoveOccupant("a/x#1");
  s.Job("c/small", 1, 4).Job("c/large", 2, 4);
  const std::string text = s.Plan();
  EXPECT_NE(text.find("hold c/small: ReservedForLater: 0/2 nodes can take a pod: 2 insufficient "
                      "nvidia.com/gpu (need 4); 4 more nvidia.com/gpu needed"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("; there is room, but it is kept for b/j\n"), std::string::npos) << text;
  EXPECT_NE(text.find("hold c/large: GangIncomplete"), std::string::npos) << text;
}

TEST(Explain, ManyGangsOfOneClassShareOneSentence) {
  Scenario s;
  s.Node("a", 8).Tenant("t").Running("t/x", {"a"}, 8);
  for (int i = 0; i < 500; ++i) s.Job("t/j" + std::to_string(i), 1, 1 + i % 2);
  const Plan plan = s.Decide();
  EXPECT_EQ(plan.holds.size(), 500U);
  EXPECT_EQ(plan.texts.size(), 2U);
}

TEST(Explain, EveryReasonHasAName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Reason::kPendingEvaluation); ++i) {
    names.insert(ToString(static_cast<Reason>(i)));
  }
  EXPECT_EQ(names.size(), 14U);
  EXPECT_EQ(names.count(""), 0U);
}

}  // namespace
}  // namespace muster::sched
