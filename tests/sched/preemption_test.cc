#include "sched/policies/preemption.h"

#include <gtest/gtest.h>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::kNow;
using testing::Scenario;
using testing::Seconds;

std::string Starts(const std::string& text) {  // without holds
  return text.substr(0, text.find("hold "));
}

// '#' borrower of a   'r' reserved for b/j
//                     before        now           later
//                  n  [########]    [rrrr####]    [bbbb####]
TEST(Preemption, ReclaimsAGuaranteeFromTheCheapestBorrower) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Tenant("b", 4);
  s.Running("a/old", {"n"}, 4, 500, 1000).Running("a/young", {"n"}, 4, 500, 10);
  s.Job("b/j", 1, 4);
  EXPECT_EQ(s.Plan(),
            "evict a/young for b/j: Reclaim\n"
            "reserve b/j: n [ 1 cpu 1Gi memory 4 nvidia.com/gpu ] until 1970-01-12T13:49:10Z\n"
            "hold b/j: WaitingForPreemptedWorkloads: waits until a/young end; its place on n is "
            "kept until 1970-01-12T13:49:10Z\n");
}

TEST(Preemption, SaysWhoForWhomByWhichRuleAndWhatItCosts) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Tenant("b", 4).Running("a/x", {"n"}, 8, 500, 10).Job("b/j", 1, 4);
  const Plan plan = s.Decide();
  ASSERT_EQ(plan.evictions.size(), 1U);
  EXPECT_EQ(plan.evictions[0].text,
            "a/x makes room for b/j by Reclaim: tenant b is within its guarantee, a/x borrows; "
            "lost: 80 GPU-seconds; share of tenant b 0.0% -> 50.0%, of tenant a 100.0% -> 0.0%");
}

TEST(Preemption, TakesNothingThatIsEntitled) {
  Scenario s;
  s.Node("n", 8).Tenant("a", 8).Tenant("b", 4).Running("a/x", {"n"}, 8).Job("b/j", 1, 4);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, NeverCrossesTenantsByPriority) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Tenant("b").Running("a/x", {"n"}, 8, 250).Job("b/j", 1, 4, 1000);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, TakesALowerPriorityOfItsOwnTenant) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Running("a/low", {"n"}, 8, 250).Job("a/high", 1, 8, 750);
  EXPECT_EQ(Starts(s.Plan()),
            "evict a/low for a/high: Priority\n"
            "reserve a/high: n [ 1 cpu 1Gi memory 8 nvidia.com/gpu ] until 1970-01-12T13:49:10Z\n");
}

TEST(Preemption, LeavesEqualPriorityOfItsOwnTenantAlone) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Running("a/x", {"n"}, 8, 500).Job("a/y", 1, 8, 500);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, AgingGivesNoRightToEvict) {
  Scenario s;
  s.Node("n", 8).Tenant("a").Running("a/x", {"n"}, 8, 500);
  Gang gang = s.MakeGang("a/y", 1, 8);
  gang.waited_ms = 3'600'000;
  s.Job(gang);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, AnEntitledVictimFallsOnlyToAnEntitledGang) {
  Scenario s;  // high would hold 8 of 4 guaranteed: it borrows, low does not
  s.Node("n", 8).Tenant("a", 4).Tenant("b").Running("a/low", {"n"}, 4, 250);
  s.Running("b/x", {"n"}, 4).Job("a/high", 1, 8, 750);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, AnEntitledGangTakesAnEntitledOneOfLowerPriority) {
  Scenario s;
  s.Node("n", 4).Tenant("a", 4).Running("a/low", {"n"}, 4, 250).Job("a/high", 1, 4, 750);
  EXPECT_EQ(Starts(s.Plan()).substr(0, 32), "evict a/low for a/high: Priority");
}

TEST(Preemption, ReclaimPolicyIsSparedByPriorityButNotByReclaim) {
  Scenario s;
  Gang gang = s.MakeGang("a/low", 0, 4);
  gang.priority = 250;
  gang.victim_policy = VictimPolicy::kReclaim;
  s.Node("n", 4).Tenant("a").Tenant("b", 4).Running(gang, {"n"}, 4).Job("a/high", 1, 4, 750);
  EXPECT_EQ(Starts(s.Plan()), "");
  s.Job("b/j", 1, 4);
  EXPECT_EQ(Starts(s.Plan()).substr(0, 24), "evict a/low for b/j: Rec");
}

//                  a  [##......]  two whole gangs of two pods each, one pod a node
//                  b  [######..]  the preemptor needs 8 on one node
TEST(Preemption, VictimsAreWholeGangsAndNoMoreThanNeeded) {
  Scenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t").Tenant("g", 16);
  s.Running("t/one", {"a", "b"}, 2, 500, 50).Running("t/two", {"b"}, 4, 500, 10);
  s.Job("g/j", 1, 8);
  const Plan plan = s.Decide();
  ASSERT_EQ(plan.evictions.size(), 1U);  // without one, node a is whole; two need not go
  EXPECT_EQ(s.world.gang(plan.evictions[0].victim).name, "t/one");
}

TEST(Preemption, NothingIsEvictedForAGangThatWouldNotFitAnyway) {
  Scenario s;
  s.Node("a", 8).Tenant("t").Tenant("g", 16).Running("t/x", {"a"}, 8).Job("g/j", 2, 8);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, ATopUpNeverEvicts) {
  Scenario s;
  s.Node("a", 4).Node("b", 4).Tenant("t").Tenant("g", 8).Running("t/x", {"a"}, 4);
  Gang gang = s.MakeGang("g/j", 1, 4);
  s.Running(gang, {"b"}, 4);
  EXPECT_EQ(Starts(s.Plan()), "");
}

TEST(Preemption, WhatIsAddedToAGangNeverEvicts) {
  Scenario s;
  s.Node("a", 4).Node("b", 4).Tenant("t").Tenant("g", 8).Running("t/x", {"a"}, 4);
  s.Running("g/j", {"b"}, 4);
  Gang more = s.MakeGang("g/j", 1, 4);
  more.more_of = "g/j";
  more.uid += "+";
  s.Job(more);
  EXPECT_TRUE(s.Decide().evictions.empty());
}

TEST(Preemption, WhatIsAddedToAGangThatIsEvictedDoesNotStart) {
  Scenario s;
  s.Node("a", 4).Node("b", 2).Tenant("t").Tenant("g", 4).Running("t/j", {"a"}, 4);
  Gang more = s.MakeGang("t/j", 1, 2);
  more.more_of = "t/j";
  more.uid += "+";
  more.priority = 250;
  s.Job("g/x", 1, 4).Job(more);
  const Plan plan = s.Decide();
  ASSERT_EQ(plan.evictions.size(), 1U);
  EXPECT_TRUE(plan.starts.empty());
}

TEST(Preemption, ProtectionsAreNamedAndWakeTheScheduler) {
  Scenario s;
  s.Node("a", 8).Tenant("t").Tenant("g", 8);
  Gang young = s.MakeGang("t/young", 0, 4);
  young.protected_until = Seconds(kNow + 60);
  Gang tired = s.MakeGang("t/tired", 0, 4);
  tired.preemptions = 5;
  s.Running(young, {"a"}, 4).Running(tired, {"a"}, 4).Job("g/j", 1, 8);
  const Plan plan = s.Decide();
  EXPECT_EQ(plan.wake_at, Seconds(kNow + 60));
  const std::string text = ToText(plan, s.world);
  EXPECT_NE(text.find("t/young is protected until 1970-01-12T13:47:40Z"), std::string::npos)
      << text;
  EXPECT_NE(text.find("t/tired is preempted 5 times, the most it allows"), std::string::npos);
}

TEST(Preemption, MaxPreemptionsHasItsOwnReason) {
  Scenario s;
  s.Node("a", 8).Tenant("t").Tenant("g", 8);
  Gang tired = s.MakeGang("t/tired", 0, 8);
  tired.preemptions = 5;
  s.Running(tired, {"a"}, 8).Job("g/j", 1, 8);
  EXPECT_EQ(s.Plan().substr(0, 34), "hold g/j: MaxPreemptionsReached: 0");
}

TEST(Preemption, EvictionsOfACycleAreLimited) {
  Scenario s;
  s.policy.max_evictions_per_cycle = 1;
  s.Node("a", 4).Node("b", 4).Tenant("t").Tenant("g", 8);
  s.Running("t/x", {"a"}, 4).Running("t/y", {"b"}, 4).Job("g/i", 1, 4).Job("g/j", 1, 4);
  const Plan plan = s.Decide();
  EXPECT_EQ(plan.evictions.size(), 1U);
  EXPECT_GT(plan.wake_at.unix_ms, 0);
}

// Follows one preemption through the cycles, as the caller would carry it out.
class Following : public ::testing::Test {
 protected:
  void SetUp() override {
    s_.Node("n", 8).Tenant("a").Tenant("b", 4).Tenant("c");
    s_.Running("a/x", {"n"}, 8, 500, 10).Job("b/j", 1, 4);
    const Plan plan = s_.Decide();
    ASSERT_EQ(plan.evictions.size(), 1U);
    s_.world.SetReservations(plan.reservations);
    Gang victim = *s_.world.FindGang("a/x");
    victim.state = GangState::kReleasing;
    victim.beneficiary = "b/j";
    s_.world.SetGang(victim);
  }
  Scenario s_;
};

TEST_F(Following, WaitsWithoutASecondEvictionWhileItsReservationStands) {
  const Plan plan = s_.Decide();
  EXPECT_TRUE(plan.starts.empty());
  EXPECT_TRUE(plan.evictions.empty());
  ASSERT_EQ(plan.reservations.size(), 1U);
  EXPECT_EQ(plan.holds[0].reason, Reason::kWaitingForPreemptedWorkloads);
}

TEST_F(Following, StartsAsSoonAsThePlaceIsFree) {
  s_.world.RemoveOccupant("a/x#1");
  EXPECT_EQ(s_.Plan(), "start b/j: n main x1\n");
}

TEST_F(Following, TheFreedPlaceIsGivenToNobodyElse) {
  s_.world.RemoveOccupant("a/x#1");
  Gang early = s_.MakeGang("c/j", 1, 8);
  early.finish_first = true;
  s_.Job(early);
  const std::string text = s_.Plan();
  EXPECT_NE(text.find("start b/j: n main x1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("hold c/j"), std::string::npos) << text;
}

TEST_F(Following, WhatTheVictimFreesBeyondThePlaceIsForEveryone) {
  s_.world.RemoveOccupant("a/x#1");
  s_.Job("c/j", 1, 4);
  EXPECT_EQ(s_.Plan(), "start b/j: n main x1\nstart c/j B: n main x1\n");
}

TEST_F(Following, FreeAmountsSeenByOthersNeverCountThePlaceTwice) {
  EXPECT_EQ(s_.world.FreeOn("n"), (Amounts{{"cpu", 63000}, {"memory", 523264}}));
  s_.world.RemoveOccupant("a/x#1");
  EXPECT_EQ(s_.world.FreeOn("n"),
            (Amounts{{"cpu", 63000}, {"memory", 523264}, {"nvidia.com/gpu", 4}}));
}

TEST_F(Following, WhereSomebodyRunsOnTheKeptPlaceTheSearchBeginsAnew) {
  s_.world.RemoveOccupant("a/x#1");
  s_.world.RemoveGang("a/x");
  s_.Running("c/thief", {"n"}, 8);  // took the node by force, or was not told to end
  const Plan plan = s_.Decide();
  ASSERT_EQ(plan.evictions.size(), 1U);
  EXPECT_EQ(s_.world.gang(plan.evictions[0].victim).name, "c/thief");
}

TEST_F(Following, ALostNodeEndsTheReservation) {
  Node node = *s_.world.FindNode("n");
  node.ready = false;
  s_.world.SetNode(node);
  s_.Node("m", 4);
  EXPECT_EQ(s_.Plan(), "start b/j: m main x1\n");
}

}  // namespace
}  // namespace muster::sched
