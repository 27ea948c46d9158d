// A job that runs gets more of its replicas, and is evicted at the same time.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using testing::JobFixture;

class JobGrowthEvictionTest : public JobFixture {
 protected:
  JobGrowthEvictionTest() { PutNode("n1", 8); }

  // "wide" runs one of its two replicas; a place for the other one has just been decided on.
  void DecideGrowth() {
    PutJob("wide", 2, 8, R"(,"gang":{"minMember":1})");
    Settle();
    RunPods("wide");
    After(1);
    After(1);
    PutNode("n2", 8);
    Sync();
    Turn();
    ASSERT_EQ(Entry("wide").backing, state::Backing::kDecided);
  }
  void Evict() {
    Entry("wide").release =
        state::ReleaseDecision{api::ReleaseCause::kReclaimed, "team/x", "uid-x", "Reclaim", "x"};
    state_.MarkJob("team/wide");
  }
  void ExpectEviction() {
    Settle();
    After(1);
    ASSERT_TRUE(Status("wide").placement);
    EXPECT_EQ(Status("wide").placement->cause, api::ReleaseCause::kReclaimed);
    EXPECT_EQ(Status("wide").placement->beneficiary, "team/x");
  }
};

TEST_F(JobGrowthEvictionTest, AnEvictionDropsWhatWasNotCommittedAndIsCarriedOut) {
  DecideGrowth();
  Evict();
  Turn();  // before anything is listed
  EXPECT_EQ(Entry("wide").backing, state::Backing::kStatus);
  ExpectEviction();
}

TEST_F(JobGrowthEvictionTest, AnEvictionOutlivesACommitOfMoreThatIsRefused) {
  DecideGrowth();
  EditJob("wide", R"({"ttlSecondsAfterFinished":60})");
  Turn();  // the commit, from the old version
  Evict();
  Answers();
  ExpectEviction();
}

}  // namespace
}  // namespace muster::op
