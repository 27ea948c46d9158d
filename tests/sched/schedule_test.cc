#include "muster/sched/schedule.h"

#include <gtest/gtest.h>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::Scenario;

// '#' busy   '.' free      before        after
//                        a  [........]   [bbbbbbbb]   b = big
//                        b  [####....]   [####ssss]   s = small
TEST(Schedule, PacksASmallJobBesideRunningWork) {
  EXPECT_EQ(Scenario()
                .Node("a", 8)
                .Node("b", 8)
                .Tenant("t")
                .Running("t/old", {"b"}, 4)
                .Job("t/small", 1, 4)
                .Job("t/big", 1, 8)
                .Plan(),
            "start t/small B: b main x1\n"
            "start t/big B: a main x1\n");
}

//                        a  [........]   [tttttttt]   t = t/single
//                        b  [####....]   [####....]
TEST(Schedule, GangIsAllOrNothing) {
  EXPECT_EQ(Scenario()
                .Node("a", 8)
                .Node("b", 8)
                .Tenant("t")
                .Running("t/old", {"b"}, 4)
                .Job("t/gang", 2, 8)
                .Job("t/single", 1, 8)
                .Plan(),
            "start t/single B: a main x1\n"
            "hold t/gang: GangIncomplete: 1 of 2 pods fit now (1/2 nodes can take a pod: 1 "
            "insufficient nvidia.com/gpu (need 8)); 8 more nvidia.com/gpu needed; most "
            "nvidia.com/gpu is held by t/old (4)\n");
}

TEST(Schedule, TiesGoToTheFirstNodeByName) {
  EXPECT_EQ(Scenario().Node("b", 8).Node("a", 8).Tenant("t").Job("t/j", 1, 8).Plan(),
            "start t/j B: a main x1\n");
}

TEST(Schedule, HardQuotaHoldsWhatIsAboveIt) {
  EXPECT_EQ(Scenario()
                .Node("a", 8)
                .Node("b", 8)
                .Tenant("t", 0, 10)
                .Running("t/old", {"a"}, 4)
                .Job("t/waits", 1, 8)
                .Job("t/never", 2, 8)
                .Plan(),
            "hold t/waits: WaitingForQuota: needs 8 nvidia.com/gpu (1 pod x 8); tenant t has 6 of "
            "10 left (4 in use)\n"
            "hold t/never: ExceedsMaxQuota: needs 16 nvidia.com/gpu (2 pods x 8); tenant t may "
            "have at most 10\n");
}

}  // namespace
}  // namespace muster::sched
