// Where gangs go: best fit, several tasks, minimum sizes.
#include <gtest/gtest.h>

#include "sched/plugins/plugin.h"
#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::MakeNode;
using testing::Request;
using testing::Scenario;

Shape ShapeOf(std::int64_t gpus, std::int64_t milli_cpu = 1000) {
  Shape shape;
  shape.request = Request(gpus, milli_cpu);
  return shape;
}

//   a [######..]  b [#####...]  c [........]     two GPUs go to a, three to b, eight to c
TEST(BestFit, GpusGoWhereFewestAreLeft) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Node("c", 8).Tenant("t");
  s.Running("t/x", {"a"}, 6).Running("t/y", {"b"}, 5);
  s.Job("t/1", 1, 3).Job("t/2", 1, 2).Job("t/3", 1, 8);
  EXPECT_EQ(s.Plan(), "start t/1 B: b main x1\nstart t/2 B: a main x1\nstart t/3 B: c main x1\n");
}

TEST(BestFit, CpuJobsLeaveGpuNodesAlone) {
  Scenario s;
  s.Node("a-gpu", 8).Node("z-cpu", 0).Tenant("t").Job("t/j", 1, 0);
  EXPECT_EQ(s.Plan(), "start t/j B: z-cpu main x1\n");
}

TEST(BestFit, CpuJobsPreferNodesWhoseGpusAreInUse) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Node("z-cpu", 0, 1).Tenant("t").Running("t/x", {"b"}, 8);
  EXPECT_EQ(s.Job(s.MakeGang("t/j", 1, ShapeOf(0, 2000))).Plan(), "start t/j B: b main x1\n");
}

TEST(BestFit, EqualGpusAreToldApartByCpu) {
  Scenario s;
  s.Node("a", 8, 64).Node("b", 8, 32).Tenant("t").Job("t/j", 1, 4);
  EXPECT_EQ(s.Plan(), "start t/j B: b main x1\n");
}

TEST(Place, AGangFillsNodesOneAfterTheOther) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Node("c", 8).Tenant("t").Job("t/j", 5, 4);
  EXPECT_EQ(s.Plan(), "start t/j B: a main x2, b main x2, c main x1\n");
}

TEST(Place, AllReplicasIfTheyFitElseAsManyAsFitFromTheMinimum) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t");
  Gang gang = s.MakeGang("t/j", 5, 4);
  gang.min_replicas = 3;
  EXPECT_EQ(s.Job(gang).Plan(), "start t/j B: a main x2, b main x2\n");
  gang.min_replicas = 5;
  s.Job(gang);
  EXPECT_TRUE(s.Decide().starts.empty());
}

TEST(Place, TheQuotaBoundsHowManyStart) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t", 0, 12);
  Gang gang = s.MakeGang("t/j", 4, 4);
  gang.min_replicas = 2;
  EXPECT_EQ(s.Job(gang).Plan(), "start t/j B: a main x2, b main x1\n");
}

TEST(Place, EveryTaskOfASmallerStartHasAReplica) {
  Scenario s;
  s.Node("a", 8).Tenant("t");
  Gang gang = s.MakeGang("t/j", 4, 4);
  gang.tasks.push_back({"head", s.world.InternShape(ShapeOf(1)), 1, {}});
  gang.min_replicas = 2;
  EXPECT_EQ(s.Job(gang).Plan(), "start t/j B: a main x1, a head x1\n");
}

//   a [........]  b [....]      the large task must not find its node taken by the small one
TEST(Place, TheLargestTaskGoesFirst) {
  Scenario s;
  s.Node("a", 8).Node("b", 4).Tenant("t");
  Gang gang = s.MakeGang("t/j", 2, 2);
  gang.tasks.push_back({"big", s.world.InternShape(ShapeOf(8)), 1, {}});
  gang.min_replicas = 3;
  EXPECT_EQ(s.Job(gang).Plan(), "start t/j B: a big x1, b main x2\n");
}

TEST(Place, ATopUpAddsToAGangThatRuns) {
  Scenario s;
  s.Node("a", 4).Node("b", 8).Tenant("t");
  Gang gang = s.MakeGang("t/j", 3, 4);
  gang.min_replicas = 1;
  s.Running(gang, {"a"}, 4);
  EXPECT_EQ(s.Plan(), "start t/j B: b main x2\n");
}

// As the operator describes it: the rest of a job beside the gang that runs.
Gang More(Scenario& s, const std::string& of, std::int32_t replicas) {
  Gang more = s.MakeGang(of, replicas, 4);
  more.more_of = of;
  more.uid += "+";
  more.min_replicas = 1;
  return more;
}

TEST(Place, WhatIsAddedToAGangIsNoGangMore) {
  Scenario s;
  Tenant tenant;
  tenant.name = "t";
  tenant.max_running_gangs = 1;
  s.Node("a", 4).Node("b", 4).Tenant(tenant).Running("t/j", {"a"}, 4);
  s.Job(More(s, "t/j", 1));
  EXPECT_EQ(s.Plan(), "start t/j B: b main x1\n");
}

TEST(Place, TheLimitOfDevicesIsForAGangAndWhatIsAddedToIt) {
  Scenario s;
  Tenant tenant;
  tenant.name = "t";
  tenant.max_devices_per_gang = 12;
  s.Node("a", 4).Node("b", 64).Tenant(tenant).Running("t/j", {"a"}, 4);
  s.Job(More(s, "t/j", 3));
  EXPECT_EQ(s.Plan(), "start t/j B: b main x2\n");
}

TEST(Place, AGangWithNothingToPlaceIsHeld) {
  Scenario s;
  s.Node("a", 4).Tenant("t");
  EXPECT_EQ(s.Job(s.MakeGang("t/j", 0, 4)).Plan(),
            "hold t/j: PendingEvaluation: nothing is left to place\n");
}

TEST(Place, WithoutATenantNothingStarts) {
  Scenario s;
  s.Node("a", 4);
  EXPECT_EQ(s.Job("t/j", 1, 4).Plan(), "hold t/j: NoTenant: tenant t does not exist\n");
}

TEST(Registry, EveryDefaultPluginIsRegistered) {
  const Policy policy;
  for (const std::string& name : policy.filters) EXPECT_TRUE(IsFilter(name)) << name;
  for (const ScoreWeight& score : policy.scores) EXPECT_TRUE(IsScore(score.plugin));
  EXPECT_FALSE(IsFilter("nonsense") || IsScore("nonsense"));
  EXPECT_FALSE(IsFilter("best_fit") || IsScore("taints"));
}

}  // namespace
}  // namespace muster::sched
