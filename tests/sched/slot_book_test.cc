#include "sched/policies/slot_book.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::Gpus;
using testing::kNow;
using testing::MakeNode;
using testing::Scenario;
using testing::Seconds;

// Now is 13:46:40.  Grace periods are 0, so that times are round.
class SlotScenario : public Scenario {
 public:
  explicit SlotScenario(std::int32_t slots = 1) { policy.slots = slots; }

  // Runs on the nodes and must end in `left` seconds; 0: has run for 100 s and need not end.
  SlotScenario& Runs(const std::string& name, const std::vector<std::string>& nodes,
                     std::int64_t gpus, std::int64_t left) {
    Gang gang = MakeGang(name, 0, gpus);
    gang.grace_ms = 0;
    gang.started = Seconds(kNow - 100);
    if (left > 0) gang.bound_end = Seconds(kNow + left);
    Running(gang, nodes, gpus);
    return *this;
  }
  // Waits, and runs for at most `bound` seconds; 0: without a bound.
  SlotScenario& Waits(const std::string& name, std::int32_t replicas, std::int64_t gpus,
                      std::int64_t bound = 0, std::int32_t priority = 500) {
    Gang gang = MakeGang(name, replicas, gpus);
    gang.grace_ms = 0;
    gang.bound_ms = bound * 1000;
    gang.priority = priority;
    Job(gang);
    return *this;
  }
  // The Plan without its sentences; what it says is to be remembered is.
  std::string Next() {
    const sched::Plan plan = Decide();
    world.SetReservations(plan.reservations);
    std::string text;
    for (const Start& start : plan.starts) text += "start " + world.gang(start.gang).name + "\n";
    for (const Reservation& r : plan.reservations) {
      text += world.FindGang(r.gang)->name + " on";
      for (const auto& [node, amounts] : r.nodes) text += " " + node;
      text += " in " + std::to_string(r.from.unix_ms / 1000 - world.now().unix_ms / 1000) + " s\n";
    }
    return text;
  }
  std::string TextOf(const std::string& name) {
    const sched::Plan plan = Decide();
    for (const Hold& hold : plan.holds) {
      if (world.gang(hold.gang).name != name) continue;
      return std::string(ToString(hold.reason)) + ": " + plan.texts[hold.text];
    }
    return "";
  }
};

//      a  [oooooooo]  until 600 s     b  [........]
TEST(SlotBook, ABlockedGangHasAPlaceFromWhenItComesFree) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/big", 2, 8);
  EXPECT_EQ(s.Next(), "t/big on a b in 600 s\n");
  EXPECT_EQ(s.TextOf("t/big"),
            "GangIncomplete: 1 of 2 pods fit now (1/2 nodes can take a pod: 1 insufficient "
            "nvidia.com/gpu (need 8)); 8 more nvidia.com/gpu needed; nvidia.com/gpu comes free: 8 "
            "when t/old ends, at the latest at 1970-01-12 13:56; a place on a, b is kept for it "
            "from 1970-01-12T13:56:40Z, when all that is there must have ended");
}

TEST(SlotBook, WithoutSlotsNothingIsKept) {
  SlotScenario s(0);
  s.Node("a", 8).Node("b", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/big", 2, 8).Waits("t/long", 1, 8);
  EXPECT_EQ(s.Next(), "start t/long\n");
}

TEST(SlotBook, WhatEndsInTimeGoesAheadAndWhatMayNotWaits) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/big", 2, 8);
  s.Waits("t/unbounded", 1, 4).Waits("t/long", 1, 4, 601).Waits("t/short", 1, 4, 600);
  EXPECT_EQ(s.Next(), "start t/short\nt/big on a b in 600 s\n");
  EXPECT_EQ(s.TextOf("t/long"),
            "ReservedForLater: there is room, but from 1970-01-12T13:56:40Z it is kept for t/big, "
            "and it may run longer; with maxRuntimeSeconds of at most 600 it would start now");
  EXPECT_EQ(s.TextOf("t/unbounded"),
            "ReservedForLater: there is room, but from 1970-01-12T13:56:40Z it is kept for t/big, "
            "and how long it runs has no bound; with maxRuntimeSeconds of at most 600 it would "
            "start now");
}

//      a  [oooo....]  until 600 s: b needs 6, so 2 are left beside it for ever
TEST(SlotBook, WhatFitsBesideASlotNeedsNoBound) {
  SlotScenario s;
  s.Node("a", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 4, 600).Waits("t/big", 1, 6);
  s.Waits("t/one", 1, 1).Waits("t/two", 1, 1, 0, 499).Waits("t/three", 1, 1, 0, 498);
  EXPECT_EQ(s.Next(), "start t/one\nstart t/two\nt/big on a in 600 s\n");
}

TEST(SlotBook, NodesOutsideASlotAreFreeForAll) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 4).Tenant("t");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/big", 1, 8).Waits("t/small", 1, 4);
  EXPECT_EQ(s.Next(), "start t/small\nt/big on a in 600 s\n");
}

TEST(SlotBook, ItTakesTheEarliestTimeAndStartsAsSoonAsItFits) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t");
  s.Runs("t/late", {"a"}, 8, 900).Runs("t/soon", {"b"}, 8, 300).Waits("t/big", 1, 8);
  EXPECT_EQ(s.Next(), "t/big on b in 300 s\n");
  s.world.RemoveOccupant("t/late#1");
  s.world.RemoveGang("t/late");
  EXPECT_EQ(s.Next(), "start t/big\n");
}

// What was promised is kept though something earlier has ended, unless that is earlier still.
TEST(SlotBook, IsMovedToAnEarlierTimeOnly) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t");
  s.Runs("t/a", {"a"}, 8, 900).Runs("t/b", {"b"}, 8, 600).Waits("t/big", 2, 8);
  EXPECT_EQ(s.Next(), "t/big on a b in 900 s\n");
  s.Node("c", 8);
  EXPECT_EQ(s.Next(), "t/big on b c in 600 s\n");
  s.Node("d", 4);
  EXPECT_EQ(s.Next(), "t/big on b c in 600 s\n");
}

TEST(SlotBook, IsMovedWhenANodeIsLost) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t");
  s.Runs("t/a", {"a"}, 8, 900).Runs("t/b", {"b"}, 8, 600).Waits("t/big", 1, 8);
  EXPECT_EQ(s.Next(), "t/big on b in 600 s\n");
  Node lost = MakeNode("b", 8);
  lost.ready = false;
  s.Node(lost);
  EXPECT_EQ(s.Next(), "t/big on a in 900 s\n");
}

// Of what has no bound it is known only that it has run for 100 s: so it may for another 140.
TEST(SlotBook, WithoutBoundsTheTimeIsAGuessThatIsMadeAnewWhenItHasPassed) {
  SlotScenario s;
  s.Node("a", 8).Tenant("t").Tenant("u");
  s.Runs("t/old", {"a"}, 4, 0).Waits("t/big", 1, 8).Waits("t/small", 1, 4);
  EXPECT_EQ(s.Next(), "t/big on a in 20 s\n");
  s.world.SetNow(Seconds(kNow + 10));
  EXPECT_EQ(s.Next(), "t/big on a in 10 s\n");
  s.world.SetNow(Seconds(kNow + 20));
  EXPECT_EQ(s.Next(), "t/big on a in 120 s\n");
}

TEST(SlotBook, EachTenantHasOneBeforeAnyHasTwo) {
  SlotScenario s(2);
  s.Node("a", 8).Tenant("t").Tenant("u");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/one", 1, 8, 60).Waits("t/two", 1, 7, 60);
  s.Waits("u/one", 1, 8, 60);
  EXPECT_EQ(s.Next(), "t/one on a in 660 s\nu/one on a in 600 s\n");
}

TEST(SlotBook, GangsThatAskForTheSameHaveOneTogether) {
  SlotScenario s(4);
  s.Node("a", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/one", 1, 8, 60).Waits("t/two", 1, 8, 60);
  s.Waits("t/other", 1, 7, 60);
  EXPECT_EQ(s.Next(), "t/one on a in 600 s\nt/other on a in 660 s\n");
}

TEST(SlotBook, ScavengersHaveNone) {
  SlotScenario s;
  s.Node("a", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 4, 600).Waits("t/big", 1, 8, 0, 100).Waits("t/small", 1, 4, 0, 100);
  EXPECT_EQ(s.Next(), "start t/small\n");
}

TEST(SlotBook, WhatCanNeverFitHasNone) {
  SlotScenario s;
  s.Node("a", 8).Tenant("t", 0, 8);
  s.Runs("t/old", {"a"}, 4, 600).Waits("t/huge", 2, 8).Waits("t/small", 1, 4);
  EXPECT_EQ(s.Next(), "start t/small\n");
}

TEST(SlotBook, AnEntitledGangComesBeforeOneThatBorrows) {
  SlotScenario s;
  s.Node("a", 8).Tenant("t").Tenant("u", 4);
  s.Runs("t/old", {"a"}, 4, 600).Waits("t/big", 1, 8);
  EXPECT_EQ(s.Next(), "t/big on a in 600 s\n");
  s.Waits("u/entitled", 1, 4);
  EXPECT_EQ(s.Next(), "start u/entitled\nt/big on a in 600 s\n");
}

TEST(SlotBook, AHigherPriorityOfTheTenantComesBefore) {
  SlotScenario s;
  s.Node("a", 8).Tenant("t");
  s.Runs("t/old", {"a"}, 4, 600).Waits("t/big", 1, 8);
  EXPECT_EQ(s.Next(), "t/big on a in 600 s\n");
  s.Waits("t/high", 1, 4, 0, 750);
  EXPECT_EQ(s.Next(), "start t/high\nt/big on a in 600 s\n");
}

//      hard limit 8: t/old has 4 until 600 s, then t/big has all of it
TEST(SlotBook, WhoeverStaysLongerLeavesItsQuotaToo) {
  SlotScenario s;
  s.Node("a", 8).Node("b", 8).Tenant("t", 0, 8);
  s.Runs("t/old", {"a"}, 4, 600).Waits("t/big", 1, 8);
  s.Waits("t/long", 1, 4).Waits("t/short", 1, 4, 500);
  EXPECT_EQ(s.Next(), "start t/short\nt/big on a in 600 s\n");
}

TEST(SlotBook, ASlotBeginsWhereAnotherEnds) {
  SlotScenario s(2);
  s.Node("a", 8).Tenant("t").Tenant("u");
  s.Runs("t/old", {"a"}, 8, 600).Waits("t/first", 1, 8, 300).Waits("u/second", 1, 8, 300);
  EXPECT_EQ(s.Next(), "t/first on a in 900 s\nu/second on a in 600 s\n");
  s.world.RemoveOccupant("t/old#1");
  s.world.RemoveGang("t/old");
  EXPECT_EQ(s.Next(), "start t/first\nu/second on a in 600 s\n");  // it has left it by then
}

}  // namespace
}  // namespace muster::sched
