// Places that are kept for blocked jobs from a time to come: in their statuses, and under the next
// leader.
#include "muster/base/time_text.h"
#include "operator/takeover_fixture.h"

namespace muster::op {
namespace {

using testing::TakeoverTest;

class SlotTest : public TakeoverTest {
 protected:
  SlotTest() {
    sched::Policy policy;
    policy.slots = 1;
    scheduler_.SetPolicy(policy);
  }
  // "old" has half of the node for at most ten minutes, and "big" waits for all of it.
  void Block() {
    PutJob("old", 1, 4, R"(,"maxRuntimeSeconds":600)");
    Settle();
    RunPods("old");
    After(1);
    PutJob("big", 1, 8);
    Settle();
    After(1);
  }
};

TEST_F(SlotTest, ABlockedJobSaysWhenItsPlaceComesFree) {
  Block();
  const api::JobStatus told = Status("big");
  EXPECT_EQ(told.phase, "Pending");
  EXPECT_EQ(told.reason, "GangIncomplete");
  ASSERT_TRUE(told.reservation);
  ASSERT_EQ(told.reservation->nodes.size(), 1u);
  EXPECT_EQ(told.reservation->nodes[0].name, "n1");
  EXPECT_EQ(told.reservation->until.unix_ms, 0);
  // Its bound, and the time that its pod then has to end.
  const std::int64_t bound = Entry("old").placement->committed_at.unix_ms + 600'000;
  EXPECT_EQ(told.reservation->from.unix_ms, bound + 30'000);
  EXPECT_NE(told.message.str().find("a place on n1 is kept for it from"), std::string::npos);
}

TEST_F(SlotTest, WhatMayRunLongerWaitsAndSaysForWhom) {
  Block();
  PutJob("long", 1, 4);
  PutJob("short", 1, 4, R"(,"maxRuntimeSeconds":60)");
  Settle();
  After(1);
  EXPECT_TRUE(PodsOf("long").empty());
  EXPECT_EQ(PodsOf("short").size(), 1u);
  EXPECT_EQ(Status("long").reason, "GangIncomplete");  // short has the place now
  RemovePods("short");
  EditJob("short", R"({"cancel":true})");
  Settle();
  After(1);
  EXPECT_EQ(Status("long").reason, "ReservedForLater");
  EXPECT_TRUE(PodsOf("long").empty());
}

TEST_F(SlotTest, TheSlotGoesWithTheStart) {
  Block();
  RemovePods("old");
  EditJob("old", R"({"cancel":true})");
  Settle();
  EXPECT_EQ(PodsOf("big").size(), 1u);
  RunPods("big");
  After(1);
  EXPECT_EQ(Status("big").phase, "Running");
  EXPECT_FALSE(Status("big").reservation);
  EXPECT_TRUE(state_.world().reservations().empty());
}

TEST_F(SlotTest, TheNextLeaderKeepsIt) {
  PutJob("old", 1, 4, R"(,"maxRuntimeSeconds":600)");
  PutPlaced("old", "Committed", "0");
  PutPodOf("old", 0, 4);
  PutJob("thief", 1, 4);
  PutJob("big", 1, 8);
  const base::TimePoint from{clock_.Now().unix_ms + 700'000};
  Edit(JobPath("big") + "/status",
       R"({"status":{"epoch":1,"phase":"Pending","reservation":{"from":")" +
           base::FormatTime(from) +
           R"(","nodes":[{"node":"n1","resources":{"nvidia.com/gpu":"8"}}]}}})");
  Lead();
  Settle();
  EXPECT_TRUE(PodsOf("thief").empty());
  ASSERT_EQ(state_.world().reservations().size(), 1u);
  EXPECT_EQ(state_.world().reservations()[0].gang, Entry("big").job.meta.uid);
}

}  // namespace
}  // namespace muster::op
