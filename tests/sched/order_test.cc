#include "sched/policies/order.h"

#include <gtest/gtest.h>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::kNow;
using testing::Scenario;
using testing::Seconds;

// The gangs that start, in order of decision.
std::string Order(Scenario& s) {
  std::string order;
  const Plan plan = s.Decide();
  for (const Start& start : plan.starts) order += s.world.gang(start.gang).name + " ";
  return order;
}

TEST(Order, TenantsTakeTurnsByDominantShare) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Tenant("b");
  s.Job("a/1", 1, 1).Job("a/2", 1, 1).Job("a/3", 1, 1).Job("b/1", 1, 2).Job("b/2", 1, 1);
  EXPECT_EQ(Order(s), "a/1 b/1 a/2 a/3 b/2 ");
}

TEST(Order, AWeightOfTwoMayHoldTwice) {
  Scenario s;
  sched::Tenant heavy;
  heavy.name = "a";
  heavy.weight_milli = 2000;
  s.Node("n", 8).Tenant(heavy).Tenant("b");
  for (const char* name : {"a/1", "a/2", "a/3", "a/4", "b/1", "b/2"}) s.Job(name, 1, 1);
  EXPECT_EQ(Order(s), "a/1 b/1 a/2 a/3 b/2 a/4 ");
}

TEST(Order, WeightZeroComesLast) {
  Scenario s;
  sched::Tenant last;
  last.name = "a";
  last.weight_milli = 0;
  s.Node("n", 8).Tenant(last).Tenant("b").Job("a/1", 1, 1).Job("b/1", 1, 1).Job("b/2", 1, 1);
  EXPECT_EQ(Order(s), "b/1 b/2 a/1 ");
}

TEST(Order, AnEntitledGangComesBeforeBorrowers) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Tenant("b", 4).Running("b/x", {"n"}, 2);
  s.Job("a/1", 1, 1).Job("b/1", 1, 1);
  EXPECT_EQ(Order(s), "b/1 a/1 ");
}

TEST(Order, AScavengerIsABorrowerAlsoWithinAnIdleGuarantee) {
  Scenario s;
  s.Node("n", 8).Tenant("a", 8).Tenant("b").Running("a/x", {"n"}, 1);
  s.Job("a/scavenger", 1, 7, 100).Job("b/critical", 1, 7, 1000);
  EXPECT_EQ(Order(s), "b/critical ");
}

TEST(Order, AnEntitledGangGoesAheadOfAScavengerOfItsTenantAndOfTheSameShape) {
  Scenario s;
  s.Node("n", 8).Tenant("a", 8).Tenant("b");
  s.Job("a/1", 1, 1).Job("a/scavenger", 1, 1, 100).Job("b/1", 1, 1).Job("b/2", 1, 1);
  EXPECT_EQ(Order(s), "a/1 b/1 a/scavenger b/2 ");
}

TEST(Order, PriorityThenDeadlineThenSubmitThenUid) {
  Scenario s;
  s.Node("n", 8).Tenant("t");
  Gang late = s.MakeGang("t/late", 1, 1);
  Gang soon = s.MakeGang("t/soon", 1, 1);
  Gang first = s.MakeGang("t/a", 1, 1);
  Gang twin = s.MakeGang("t/b", 1, 1);
  late.deadline = Seconds(kNow + 900);
  soon.deadline = Seconds(kNow + 60);
  twin.submit = first.submit;
  for (Gang* gang : {&late, &soon, &first, &twin}) {
    gang->pending_since = Seconds(kNow);
    s.Job(*gang);
  }
  s.Job("t/high", 1, 1, 750);
  EXPECT_EQ(Order(s), "t/high t/soon t/late t/a t/b ");
}

Gang Bound(Scenario& s, const std::string& name, std::int64_t gpus, std::int64_t seconds) {
  Gang gang = s.MakeGang(name, 1, gpus);
  gang.bound_ms = seconds * 1000;
  return gang;
}

// 1 GPU x 900 s and 1 x 600 s are in one power of four, 4 x 900 s in the next.
TEST(Order, ExpectedTakesTheLeastDeviceTimeFirst) {
  Scenario s;
  s.policy.inner_order = InnerOrder::kExpected;
  s.Node("n", 32).Tenant("t").Job("t/unbounded", 1, 1);
  s.Job(Bound(s, "t/large", 4, 900)).Job(Bound(s, "t/first", 1, 900));
  s.Job(Bound(s, "t/second", 1, 600)).Job("t/high", 1, 1, 750);
  EXPECT_EQ(Order(s), "t/high t/first t/second t/large t/unbounded ");
}

TEST(Order, ExpectedTriesTheOldestOfTheHighestPriorityFirstWhereThereAreSlots) {
  Scenario s;
  s.policy.inner_order = InnerOrder::kExpected;
  s.policy.slots = 1;
  s.Node("n", 32).Tenant("t").Job("t/low", 1, 1, 250).Job(Bound(s, "t/old", 8, 9000));
  s.Job(Bound(s, "t/large", 4, 900)).Job(Bound(s, "t/small", 1, 60));
  EXPECT_EQ(Order(s), "t/old t/small t/large t/low ");
}

TEST(Order, WaitingRaisesInsideALevelOnly) {
  Gang gang;
  gang.priority = 500;
  gang.pending_since = Seconds(kNow);
  const Policy policy;
  EXPECT_EQ(EffectivePriority(gang, Seconds(kNow + 59), policy), 500);
  EXPECT_EQ(EffectivePriority(gang, Seconds(kNow + 60), policy), 501);
  gang.waited_ms = 60'000;
  EXPECT_EQ(EffectivePriority(gang, Seconds(kNow + 60), policy), 502);
  EXPECT_EQ(EffectivePriority(gang, Seconds(kNow + 1'000'000), policy), 749);
  gang.priority = 100;
  EXPECT_EQ(EffectivePriority(gang, Seconds(kNow + 1'000'000), policy), 100);
  gang.priority = 1000;
  EXPECT_EQ(EffectivePriority(gang, Seconds(kNow + 60), policy), 1002);
}

TEST(Order, ABlockedGangDoesNotBlockOthers) {
  Scenario s;
  s.Node("n", 8).Node("m", 8).Tenant("t").Running("t/x", {"n"}, 1, 750);
  s.Job("t/big", 2, 8, 750).Job("t/small", 1, 1);
  EXPECT_EQ(Order(s), "t/small ");
}

TEST(Order, WhatIsBoundInPartIsFinishedBeforeAll) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Tenant("b", 8).Job("b/first", 1, 8, 1000);
  Gang gang = s.MakeGang("a/group", 1, 2);
  gang.finish_first = true;
  s.Job(gang);
  EXPECT_EQ(Order(s), "a/group ");
}

}  // namespace
}  // namespace muster::sched
