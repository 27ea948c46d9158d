#include <gtest/gtest.h>

#include "controllers/foreign/plan.h"

namespace muster::op {
namespace {

using Keys = std::vector<std::string>;

// A group "team/g" drawn pod by pod; the tally is what state::CountGroup would make of it.
class ForeignPlan : public ::testing::Test {
 protected:
  ForeignPlan() {
    group_.key = "team/g";
    group_.ns = "team";
    group_.name = "g";
    facts_.tally.min_member = 2;
    group_.timeout_ms = 600'000;
    facts_.tenant = "a";
    facts_.boot_ms = 1'000'000;
    facts_.now = {1'700'000'000'000};
  }
  state::PodEntry& Pod(const std::string& name, const std::string& node = "") {
    state::PodEntry& entry = pods_["team/" + name];
    entry.pod.meta.ns = "team";
    entry.pod.meta.name = name;
    entry.pod.meta.uid = "uid-" + name;
    entry.pod.meta.resource_version = "1";
    entry.pod.node_name = node;
    (node.empty() ? facts_.tally.waiting : facts_.tally.bound) += 1;
    facts_.pods["team/" + name] = &entry;
    return entry;
  }
  GroupActions Plan() { return PlanGroup(group_, facts_); }
  // The plan once the time to settle has passed.
  GroupActions PlanSettled() {
    group_.tell_at = Plan().tell_at;
    facts_.boot_ms += 1'000;
    return Plan();
  }

  std::map<std::string, state::PodEntry> pods_;
  state::ForeignGroup group_;
  GroupFacts facts_;
};

TEST_F(ForeignPlan, IncompleteGroupSaysHowManyPodsExist) {
  facts_.tally.min_member = 4;
  Pod("p0");
  Pod("p1");
  Pod("p2");
  const GroupActions actions = PlanSettled();
  ASSERT_EQ(actions.tells.size(), 3u);
  EXPECT_EQ(actions.tells[0].text, "GangIncomplete: 3 of 4 pods exist");
  EXPECT_EQ(actions.events.size(), 1u);  // one a group, not one a pod
}

TEST_F(ForeignPlan, UnclaimedNamespaceIsNoTenant) {
  Pod("p0");
  Pod("p1");
  facts_.tenant = "";
  EXPECT_EQ(PlanSettled().tells.at(0).text, "NoTenant: no Tenant claims namespace team");
}

TEST_F(ForeignPlan, HoldOfTheSchedulerIsTold) {
  Pod("p0");
  Pod("p1");
  group_.hold_reason = sched::Reason::kWaitingForQuota;
  group_.hold_text = "needs 4 GPUs, 2 are left";
  EXPECT_EQ(PlanSettled().tells.at(1).text, "WaitingForQuota: needs 4 GPUs, 2 are left");
}

TEST_F(ForeignPlan, PodThatStartsAtOnceIsToldNothing) {
  Pod("p0");
  const GroupActions actions = Plan();
  EXPECT_TRUE(actions.tells.empty());
  EXPECT_EQ(actions.wake_in_ms, 1'000);
}

TEST_F(ForeignPlan, SameWordsAreNotWrittenTwice) {
  state::PodEntry& pod = Pod("p0");
  pod.pod.scheduled_condition_false = true;
  pod.pod.scheduled_message = "GangIncomplete: 1 of 2 pods exist";
  EXPECT_TRUE(PlanSettled().tells.empty());
}

TEST_F(ForeignPlan, NewWordsComeAtMostEveryTenSeconds) {
  Pod("p0");
  GroupActions actions = PlanSettled();
  ASSERT_EQ(actions.tells.size(), 1u);
  group_.tell_at = actions.tell_at;
  facts_.boot_ms += 9'999;
  EXPECT_TRUE(Plan().tells.empty());
  facts_.boot_ms += 1;
  EXPECT_EQ(Plan().tells.size(), 1u);
}

TEST_F(ForeignPlan, PodThatCannotBeHonouredHoldsItsGroup) {
  Pod("p0");
  Pod("p1").pod.needs.unsupported = "spec.affinity.podAffinity is not supported";
  const GroupActions actions = PlanSettled();
  EXPECT_FALSE(actions.may_start);
  EXPECT_EQ(actions.tells.at(0).text,
            "Misconfigured: pod p1: spec.affinity.podAffinity is not supported");
}

TEST_F(ForeignPlan, PodWhoseClaimIsNotServedHoldsItsGroup) {
  Pod("p0");
  Pod("p1");
  facts_.unbound["team/p1"].refusal = "spec.volumes[0]: claim c waits for its first consumer";
  const GroupActions actions = PlanSettled();
  EXPECT_FALSE(actions.may_start);
  EXPECT_EQ(actions.tells.at(0).text,
            "Misconfigured: pod p1: spec.volumes[0]: claim c waits for its first consumer");
}

TEST_F(ForeignPlan, ClaimsAreWaitedForOnlyWhileTheirPodWaits) {
  Pod("p0", "n1");
  Pod("p1");
  facts_.unbound["team/p0"].wait = "spec.volumes[0]: claim c does not exist";
  EXPECT_TRUE(Plan().may_start);
  facts_.unbound["team/p1"].wait = "spec.volumes[0]: claim d does not exist";
  const GroupActions actions = PlanSettled();
  EXPECT_FALSE(actions.may_start);
  EXPECT_EQ(actions.tells.at(0).text,
            "NoMatchingNodes: pod p1: spec.volumes[0]: claim d does not exist");
}

TEST_F(ForeignPlan, BindingIsOverWhenTheWatchShowsTheNode) {
  Pod("p0", "n1").binding_node = "n1";
  EXPECT_EQ(Plan().settled, Keys{"team/p0"});
}

TEST_F(ForeignPlan, ConflictWaitsForANewerPodAndNeverRepeatsBlindly) {
  state::PodEntry& pod = Pod("p0");
  pod.binding_node = "n1";
  pod.binding_version = "1";
  pod.binding_until_ms = facts_.boot_ms + 10'000;
  EXPECT_TRUE(Plan().settled.empty());
  pod.pod.meta.resource_version = "2";
  EXPECT_EQ(Plan().settled, Keys{"team/p0"});
}

TEST_F(ForeignPlan, BindingWithoutAnAnswerIsAskedForAtItsDeadline) {
  state::PodEntry& pod = Pod("p0");
  pod.binding_node = "n1";
  pod.binding_version = "1";
  pod.binding_until_ms = facts_.boot_ms + 10;
  EXPECT_EQ(Plan().wake_in_ms, 10);
  facts_.boot_ms += 10;
  EXPECT_TRUE(Plan().settled.empty());
  EXPECT_EQ(Plan().look_for, Keys{"team/p0"});
  pod.binding_looking = true;
  EXPECT_TRUE(Plan().look_for.empty());
}

TEST_F(ForeignPlan, PartialGroupIsReleasedAfterItsTimeoutNamingThePodThatFailed) {
  Pod("p0", "n1");
  Pod("p1");
  group_.refusal = "binding pod p1 to node n2 was refused: no";
  group_.backoff_until_ms = facts_.boot_ms + 60'000'000;
  GroupActions actions = Plan();
  EXPECT_TRUE(actions.deletes.empty());
  group_.partial_since_ms = actions.partial_since_ms;
  facts_.boot_ms += 600'000;
  actions = Plan();
  EXPECT_EQ(actions.deletes, Keys{"team/p0"});
  const PodEvent& event = actions.events.back();
  EXPECT_EQ(event.key, "team/p1");
  EXPECT_EQ(event.event.message,
            "group g: 1 of 2 pods were bound within 600 s, pod p1 was not (WaitingForRetry: "
            "binding pod p1 to node n2 was refused: no); deleted so that their controller can "
            "begin anew: p0");
}

TEST_F(ForeignPlan, GroupThatLostThePodItWaitedForIsReleasedToo) {
  facts_.tally.min_member = 3;
  Pod("p0", "n1");
  Pod("p1", "n1");
  group_.had_minimum = false;
  GroupActions actions = Plan();
  EXPECT_TRUE(actions.deletes.empty());
  EXPECT_EQ(actions.wake_in_ms, 600'000);
  group_.partial_since_ms = actions.partial_since_ms;
  facts_.boot_ms += 600'000;
  actions = Plan();
  EXPECT_EQ(actions.deletes, (Keys{"team/p0", "team/p1"}));
  EXPECT_EQ(actions.events.at(0).key, "team/p0");
  EXPECT_EQ(actions.events.at(0).event.message,
            "group g: 2 of 3 pods were bound within 600 s, and no other pod waits; deleted so that "
            "their controller can begin anew: p0, p1");
}

TEST_F(ForeignPlan, WhoHadItsMinimumIsNotPartlyBoundWhenPodsHaveEnded) {
  facts_.tally.min_member = 2;
  Pod("p0", "n1");
  Pod("p1", "n1");
  group_.had_minimum = Plan().had_minimum;
  EXPECT_EQ(group_.had_minimum, true);
  facts_.pods.erase("team/p1");
  facts_.tally.bound = 1;
  facts_.tally.first_start = {facts_.now.unix_ms - 36'000'000};
  const GroupActions actions = Plan();
  EXPECT_EQ(actions.had_minimum, true);
  EXPECT_EQ(actions.partial_since_ms, 0);
  EXPECT_TRUE(actions.deletes.empty());
}

TEST_F(ForeignPlan, APodThatSucceededBeforeTheOthersWereSeenOnNodesCounts) {
  facts_.tally.min_member = 3;
  Pod("p0", "n1");
  Pod("p1", "n1");
  group_.had_minimum = false;
  group_.done = {"team/p2"};  // without a controller: not in the tally
  EXPECT_EQ(Plan().had_minimum, true);
}

TEST_F(ForeignPlan, BindingsUnderWayAreNoMinimum) {
  Pod("p0", "n1");
  Pod("p1").binding_node = "n1";
  facts_.tally.bound = 2;
  facts_.tally.waiting = 0;
  group_.had_minimum = false;
  EXPECT_EQ(Plan().had_minimum, false);
  Pod("p1", "n1");
  EXPECT_EQ(Plan().had_minimum, true);
}

TEST_F(ForeignPlan, WhatALeaderBeforeKnewIsNotGuessed) {
  Pod("p0", "n1");
  facts_.tally.first_start = {facts_.now.unix_ms - 36'000'000};
  EXPECT_EQ(Plan().had_minimum, std::nullopt);
  EXPECT_TRUE(Plan().deletes.empty());
  Pod("p1");
  facts_.tally.oldest_waiting = {facts_.now.unix_ms - 1'000};
  EXPECT_EQ(Plan().had_minimum, false);
  group_.had_minimum = true;
  EXPECT_EQ(Plan().had_minimum, true);
}

TEST_F(ForeignPlan, AGroupWithoutABoundPodBeginsAnew) {
  Pod("p0");
  group_.had_minimum = true;
  EXPECT_EQ(Plan().had_minimum, false);
}

TEST_F(ForeignPlan, TimeoutSurvivesAChangeOfLeader) {
  Pod("p0", "n1");
  Pod("p1");
  facts_.tally.first_start = {facts_.now.unix_ms - 700'000};
  facts_.tally.oldest_waiting = {facts_.now.unix_ms - 800'000};
  EXPECT_EQ(Plan().deletes, Keys{"team/p0"});
}

TEST_F(ForeignPlan, ReplacementOfALostPodHasTheWholeTimeout) {
  Pod("p0", "n1");
  Pod("p1");
  facts_.tally.first_start = {facts_.now.unix_ms - 36'000'000};
  facts_.tally.oldest_waiting = {facts_.now.unix_ms - 100'000};
  const GroupActions actions = Plan();
  EXPECT_TRUE(actions.deletes.empty());
  EXPECT_EQ(actions.wake_in_ms, 500'000);
}

TEST_F(ForeignPlan, GroupWithItsMinimumIsNeverReleased) {
  Pod("p0", "n1");
  Pod("p1", "n1");
  Pod("p2");
  facts_.tally.first_start = {facts_.now.unix_ms - 36'000'000};
  facts_.tally.oldest_waiting = facts_.tally.first_start;
  EXPECT_TRUE(Plan().deletes.empty());
  EXPECT_TRUE(Plan().may_start);  // the third one, if there is room
}

TEST_F(ForeignPlan, RefusedGroupBacksOff) {
  Pod("p0");
  Pod("p1");
  group_.backoff_until_ms = facts_.boot_ms + 10'000;
  EXPECT_FALSE(Plan().may_start);
  facts_.boot_ms += 10'000;
  EXPECT_TRUE(Plan().may_start);
  EXPECT_EQ(GroupBackoffMs(1), 10'000);
  EXPECT_EQ(GroupBackoffMs(2), 20'000);
  EXPECT_EQ(GroupBackoffMs(50), 300'000);
}

TEST_F(ForeignPlan, EvictedGroupStartsOnlyWhenItsPodsAreGone) {
  Pod("p0");
  Pod("p1");
  group_.evicting = true;
  group_.deletes = {"uid-old"};
  EXPECT_FALSE(Plan().may_start);
  group_.deletes.clear();
  EXPECT_TRUE(Plan().may_start);
}

}  // namespace
}  // namespace muster::op
