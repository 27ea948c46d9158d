// Places that are kept for those who were given them, under the leader that decided and under the
// next.
#include "muster/base/time_text.h"
#include "operator/takeover_fixture.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using testing::JobBuilder;
using testing::TakeoverTest;

class KeptPlaceTest : public TakeoverTest {
 protected:
  // "low", `pods` of which share the node, is being preempted for "high"; the first of them still
  // runs.
  void Preempt(int pods = 1) {
    PutJob("low", pods, 8 / pods, R"(,"priority":"low")");
    PutJob("high", 1, 8, R"(,"priority":"high")");
    const std::string uid = Read<api::Job>(JobPath("high")).meta.uid;
    PutPlaced("low", "Releasing", pods == 1 ? "0" : "0-" + std::to_string(pods - 1),
              R"(,"cause":"Preempted","rule":"Priority","beneficiary":"team/high",)"
              R"("beneficiaryUID":")" +
                  uid + "\"");
    PutPodOf("low", 0, 8 / pods);
  }
  // The whole node is kept for a job that waits, for these pods of it.
  void PutReserved(const std::string& name, int seconds, const std::string& pods = "[]") {
    const base::TimePoint until{clock_.Now().unix_ms + seconds * 1000};
    Edit(JobPath(name) + "/status",
         R"({"status":{"epoch":1,"phase":"Reserved","reservation":{"until":")" +
             base::FormatTime(until) +
             R"(","nodes":[{"node":"n1","resources":{"nvidia.com/gpu":"8"},"pods":)" + pods +
             "}]}}}");
  }
  // A pod of another scheduler.
  void PutOther(const std::string& name, int gpus) {
    Put(std::string(kPodPath) + name,
        R"({"metadata":{},"spec":{"nodeName":"n1","schedulerName":"other","containers":[{"name":"c",)"
        R"("resources":{"requests":{"nvidia.com/gpu":")" +
            std::to_string(gpus) + R"("}}}]},"status":{"phase":"Running"}})");
  }
  // What a leader does before its first decision.
  void Count() {
    Sync();
    const state::Dirty dirty = state_.TakeDirty();
    for (const std::string& key : dirty.jobs) jobs_.Reconcile(key);
    Answers();
    for (const std::string& key : state_.TakeDirty().jobs) jobs_.Reconcile(key);
  }
  std::vector<std::string> Kept() {
    std::vector<std::string> uids;
    for (const sched::Reservation& kept : state_.world().reservations()) uids.push_back(kept.gang);
    return uids;
  }
};

TEST_F(KeptPlaceTest, TheFreedPlaceStaysWithItsBeneficiaryUnderANewLeader) {
  Preempt();
  Lead();
  Settle();
  EXPECT_EQ(Kept(), std::vector<std::string>{Entry("high").job.meta.uid});
  RemovePods("low");
  Settle();
  EXPECT_EQ(PodsOf("high").size(), 1u);
  EXPECT_TRUE(Kept().empty());
}

// The tasks of a job that was suspended may have been edited while nobody led.
TEST_F(KeptPlaceTest, APlaceThatWasKeptForATaskThatIsGoneIsKeptForTheGang) {
  Preempt();
  PutReserved("high", 60, R"([{"task":"gone","count":1}])");
  Lead();
  Settle();
  EXPECT_EQ(Kept(), std::vector<std::string>{Entry("high").job.meta.uid});
  RemovePods("low");
  Settle();
  EXPECT_EQ(PodsOf("high").size(), 1u);
}

TEST_F(KeptPlaceTest, WhatHasEndedOfAVictimIsKeptUnderANewLeaderToo) {
  Preempt(2);
  PutJob("thief", 1, 4);
  Lead();
  Count();
  Settle();
  EXPECT_TRUE(PodsOf("thief").empty());
  RemovePods("low");
  Settle();
  EXPECT_EQ(PodsOf("high").size(), 1u);
  EXPECT_TRUE(PodsOf("thief").empty());
}

// Of those that made room one still ends, and nothing of it says for whom.
TEST_F(KeptPlaceTest, APlaceThatAStatusNamesIsKeptUnderANewLeaderUntilItsTimeIsOver) {
  PutJob("thief", 1, 4);
  PutJob("high", 1, 8);
  PutReserved("high", 60);
  PutOther("other", 4);
  Lead();
  Settle();
  EXPECT_TRUE(PodsOf("thief").empty());
  EXPECT_EQ(Kept(), std::vector<std::string>{Entry("high").job.meta.uid});
  After(61);
  EXPECT_EQ(PodsOf("thief").size(), 1u);
}

TEST_F(KeptPlaceTest, WhoHasAPlaceInItsStatusStartsThereUnderANewLeader) {
  PutJob("thief", 1, 4);
  PutJob("high", 2, 4);
  PutReserved("high", 60);
  PutOther("other", 4);
  Lead();
  Settle();
  RemoveObject(std::string(kPodPath) + "other");
  Settle();
  EXPECT_EQ(PodsOf("high").size(), 2u);
  EXPECT_TRUE(PodsOf("thief").empty());
  EXPECT_FALSE(Status("high").reservation);
}

TEST_F(KeptPlaceTest, NobodyIsGivenAKeptPlaceBeforeTheWorldKnowsWhoseItIs) {
  PutJob("high", 1, 8);
  PutReserved("high", 60);
  PutJob("thief", 1, 4);
  Refuse(1);  // what high's pods look like takes a while
  Lead();
  Settle();
  EXPECT_TRUE(PodsOf("thief").empty());
  After(1);
  EXPECT_EQ(PodsOf("high").size(), 1u);
  EXPECT_TRUE(PodsOf("thief").empty());
}

TEST_F(KeptPlaceTest, NothingIsDecidedWhileTheSizeOfAFreedPlaceIsUnknown) {
  Preempt(2);
  Refuse(1'000);
  Lead();
  Count();
  EXPECT_TRUE(Entry("low").uncounted);
  api_.ClearFaults();
  clock_.Advance(1'000);
  state_.MarkAllJobs();
  Count();
  EXPECT_FALSE(Entry("low").uncounted);
}

TEST_F(KeptPlaceTest, TheFreedPlaceIsKeptWhileTheTemplateIsAskedAnew) {
  Preempt();
  Lead();
  Settle();
  ASSERT_EQ(Kept().size(), 1u);
  PutOurs("tenants/a", R"({"weight":2})");
  Sync();
  Refuse(1);  // the answer takes a while
  Turn();
  Answers();
  Turn();
  Settle();
  EXPECT_EQ(Kept().size(), 1u);
  RemovePods("low");
  Settle();
  After(2);
  EXPECT_EQ(PodsOf("high").size(), 1u);
}

TEST_F(KeptPlaceTest, APlaceIsNotKeptForAJobThatGaveUp) {
  Preempt();
  Lead();
  Settle();
  EditJob("high", R"({"cancel":true})");
  Settle();
  EXPECT_TRUE(Kept().empty());
}

// ---- In the status ----

std::string Phase(const JobActions& actions) {
  return actions.status ? actions.status->phase : "(no write)";
}

TEST(KeptPlacePlan, APlaceThatIsKeptIsInTheStatusAtOnceForTheNextLeader) {
  JobBuilder job;
  job.Task("main", 1).entry.hold =
      state::HoldView{sched::Reason::kWaitingForPreemptedWorkloads, "x ends", 1'000'000};
  EXPECT_FALSE(job.Plan().status);
  api::Reservation& kept = job.entry.hold->reservation.emplace();
  kept = {{{"n1", {{"nvidia.com/gpu", 8}}, {}}}, {90'000}, {}};
  const JobActions told = job.Plan();
  EXPECT_EQ(Phase(told), "Reserved");
  EXPECT_EQ(told.status->reservation, kept);
  job.status() = *told.status;
  EXPECT_FALSE(job.Plan().status);
  kept.nodes[0].name = "n2";
  EXPECT_EQ(job.Plan().status->reservation, kept);
}

TEST(KeptPlacePlan, ThatAPlaceIsKeptNoMoreGoesWithTheText) {
  JobBuilder job;
  job.Task("main", 1).entry.hold =
      state::HoldView{sched::Reason::kWaitingForPreemptedWorkloads, "x ends", 1'000'000};
  job.entry.hold->reservation = {{{"n1", {{"nvidia.com/gpu", 8}}, {}}}, {90'000}, {}};
  job.status() = *job.At(1).Plan().status;
  job.entry.hold->reservation.reset();
  EXPECT_FALSE(job.Plan().status);
  job.entry.hold->reason = sched::Reason::kGangIncomplete;
  const JobActions told = job.Plan();
  EXPECT_EQ(Phase(told), "Pending");
  EXPECT_FALSE(told.status->reservation);
}

}  // namespace
}  // namespace muster::op
