// A cycle as text: the same World has the same text, and what is read gives the same Plan.
#include "muster/sched/snapshot.h"

#include <gtest/gtest.h>

#include "muster/sched/schedule.h"
#include "sched/random_world.h"

namespace muster::sched {
namespace {

using testing::RandomWorld;
using testing::SomePolicy;

Plan Decide(const World& world, const Policy& policy) {
  Cache cache;
  return Schedule(world, policy, cache);
}

Snapshot Reread(const std::string& text) {
  std::string_view rest = text;
  std::int64_t line = 0;
  auto read = TakeSnapshot(rest, line);
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
  EXPECT_TRUE(rest.empty());
  return read.ok() ? std::move(read).value() : Snapshot{};
}

std::string Complaint(std::string_view text) {
  std::int64_t line = 0;
  const auto read = TakeSnapshot(text, line);
  return read.ok() ? "nothing" : read.error().message;
}

TEST(Snapshot, WhatIsReadHasTheSameTextAndGivesTheSamePlan) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const RandomWorld random(seed);
    const Policy policy = SomePolicy(seed);
    World world;
    random.PutInto(world, 0);
    const Plan first = Decide(world, policy);
    world.SetReservations(first.reservations);
    const Plan plan = Decide(world, policy);
    const std::string text = SnapshotText(world, policy, DigestOf(plan, world));
    const Snapshot read = Reread(text);
    ASSERT_EQ(WorldToText(read.world), WorldToText(world));
    ASSERT_EQ(read.policy, policy);
    const Plan again = Decide(read.world, read.policy);
    ASSERT_EQ(ToText(again, read.world), ToText(plan, world));
    ASSERT_EQ(DigestOf(again, read.world), read.digest);
  }
}

TEST(Snapshot, TheTextDoesNotTellHowTheWorldCameAbout) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const RandomWorld random(seed);
    World one, other;
    random.PutInto(one, 0);
    random.PutInto(other, 7 * seed);
    for (const Occupant& occupant : random.occupants) other.RemoveOccupant(occupant.key);
    for (std::size_t i = 0; i < random.occupants.size(); ++i) random.Put(other, 4, i);
    ASSERT_EQ(WorldToText(other), WorldToText(one));
  }
}

TEST(Snapshot, EveryFieldOfAGangIsKept) {
  Gang gang;
  gang.uid = "u\n\"\\1";
  gang.name = gang.ns = gang.tenant = gang.user = gang.more_of = gang.beneficiary = "x";
  gang.state = GangState::kRunning;
  gang.min_replicas = gang.preemptions = 2;
  gang.priority = gang.max_preemptions = 3;
  gang.submit = gang.pending_since = gang.deadline = gang.started = {1};
  gang.protected_until = gang.bound_end = {2};
  gang.waited_ms = gang.bound_ms = gang.grace_ms = gang.attained_ms = 7;
  gang.finish_first = gang.borrowing = gang.least_attained = true;
  gang.evictable = false;
  gang.victim_policy = VictimPolicy::kAny;
  gang.budgets = {{"b", 2}};
  World world;
  gang.tasks = {{"t",
                 world.InternShape({.request = {{"cpu", 1}},
                                    .selector = {{"a", SelectOp::kGt, {"1"}, false}},
                                    .required = {{{"b", SelectOp::kIn, {"c"}, true}}},
                                    .volumes = {{{{"d", SelectOp::kExists, {}, false}}}},
                                    .tolerations = {{"k", "v", "e", true}},
                                    .ports = {{80, "TCP", "::"}},
                                    .gpu_model = "m"}),
                 4,
                 {{"limits.cpu", 5}},
                 {{TieKind::kSpreads, "s", "zone", 1, 2}}}};
  world.SetGang(gang);
  const Snapshot read = Reread(SnapshotText(world, {}, 1));
  Gang same = *read.world.FindGang(gang.uid);
  ASSERT_EQ(same.tasks.size(), 1u);
  same.tasks[0].shape = gang.tasks[0].shape;
  EXPECT_EQ(same, gang);
  EXPECT_EQ(WorldToText(read.world), WorldToText(world));
}

TEST(Snapshot, SeveralCyclesStandOneBehindTheOther) {
  World world;
  world.SetNow({5});
  const std::string two = SnapshotText(world, {}, 1) + SnapshotText(world, {}, 0xffff0000ffff0000);
  std::string_view rest = two;
  std::int64_t line = 0;
  EXPECT_EQ(TakeSnapshot(rest, line)->digest, 1u);
  EXPECT_EQ(line, 4);
  EXPECT_EQ(TakeSnapshot(rest, line)->digest, 0xffff0000ffff0000);
  EXPECT_TRUE(rest.empty());
}

TEST(Snapshot, WhatIsWrongIsNamedWithItsPlace) {
  const std::string head = "muster-snapshot 1\n";
  EXPECT_EQ(Complaint("x"), "1:1: expected \"muster-snapshot 1\"");
  EXPECT_EQ(Complaint(head), "2:1: the cycle ends without its plan");
  EXPECT_EQ(Complaint(head + "thing {}\n"), "2:7: no such kind of line: thing");
  EXPECT_EQ(Complaint(head + "node {name=3}\n"), "2:12: expected \"");
  EXPECT_EQ(Complaint(head + "node {nam=\"a\"}\n"), "2:7: no such field: nam");
  EXPECT_EQ(Complaint(head + "gang {state=3}\n"), "2:13: expected a number from 0 to 2");
  EXPECT_EQ(Complaint(head + "gang {tasks=[{shape=0}]}\n"), "2:21: expected a number from 0 to -1");
  EXPECT_EQ(Complaint(head + "policy {filters=[\"luck\"]}\n"), "2:26: there is no filter luck");
  EXPECT_EQ(Complaint(head + "node {name=\"a"), "2:14: a text does not end");
  EXPECT_EQ(Complaint(head + "node {} x\n"), "2:8: there is more than was expected");
}

}  // namespace
}  // namespace muster::sched
