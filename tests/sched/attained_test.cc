// Least attained service: who may evict whom among gangs of one tenant and priority, and when.
#include <gtest/gtest.h>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::kNow;
using testing::Scenario;
using testing::Seconds;

constexpr std::int64_t kHourMs = 3'600'000;

class AttainedTest : public ::testing::Test {
 protected:
  AttainedTest() { s_.Node("n", 8).Tenant("a"); }

  // A gang that holds the node since `age` seconds ago.
  void Run(std::int64_t age, bool takes_part, VictimPolicy policy = VictimPolicy::kLowerPriority) {
    Gang gang = s_.MakeGang("a/old", 0, 8);
    gang.started = Seconds(kNow - age);
    gang.least_attained = takes_part;
    gang.victim_policy = policy;
    s_.Running(gang, {"n"}, 8);
  }
  // What a gang that asks for the node, and has had `hours` of service, brings about.
  Plan Ask(std::int64_t hours = 0, bool takes_part = true) {
    Gang gang = s_.MakeGang("a/new", 1, 8);
    gang.least_attained = takes_part;
    gang.attained_ms = hours * kHourMs;
    s_.Job(gang);
    return s_.Decide();
  }

  Scenario s_;
};

TEST_F(AttainedTest, AnHourOfServiceMakesRoomForNone) {
  Run(450, true);  // times eight devices
  const Plan plan = Ask();
  ASSERT_EQ(plan.evictions.size(), 1U);
  EXPECT_EQ(plan.evictions[0].rule, Rule::kLeastAttained);
  EXPECT_NE(plan.evictions[0].text.find("by LeastAttained: service band 0 before band 1"),
            std::string::npos)
      << plan.evictions[0].text;
}

TEST_F(AttainedTest, LessThanAnHourMakesNoneYetAndItIsLookedAtAgainThen) {
  Run(449, true);
  const Plan plan = Ask();
  EXPECT_TRUE(plan.evictions.empty());
  EXPECT_EQ(plan.wake_at, Seconds(kNow + 1));
}

TEST_F(AttainedTest, TheSameBandMakesNone) {
  Run(450, true);
  EXPECT_TRUE(Ask(9).evictions.empty());
}

TEST_F(AttainedTest, WhoTakesNoPartIsNotEvictedByIt) {
  Run(100'000, false);
  EXPECT_TRUE(Ask().evictions.empty());
}

TEST_F(AttainedTest, WhoTakesNoPartMayEvictByIt) {
  Run(450, true);
  EXPECT_EQ(Ask(50, false).evictions.size(), 1U);
}

TEST_F(AttainedTest, AVictimThatAllowsReclaimAloneIsNotEvictedByIt) {
  Run(450, true, VictimPolicy::kReclaim);
  EXPECT_TRUE(Ask().evictions.empty());
}

}  // namespace
}  // namespace muster::sched
