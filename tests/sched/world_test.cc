#include "muster/sched/world.h"

#include <gtest/gtest.h>

#include "sched/model/world_state.h"
#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::Gpus;
using testing::MakeNode;
using testing::Scenario;

constexpr std::int64_t kHuge = (std::int64_t{1} << 62) - 1;

std::int64_t FreeGpus(const World& world, const std::string& node) {
  for (const auto& [name, amount] : world.FreeOn(node).value_or(Amounts{})) {
    if (name == "nvidia.com/gpu") return amount;
  }
  return 0;
}

TEST(World, ANodeThatReturnsFindsItsOccupantsAgain) {
  Scenario s;
  s.Node("n", 8).Tenant("t").Running("t/x", {"n"}, 3);
  s.world.RemoveNode("n");
  EXPECT_EQ(s.world.FindNode("n"), nullptr);
  EXPECT_EQ(s.world.FreeOn("n"), std::nullopt);
  s.Node("n", 8);
  EXPECT_EQ(FreeGpus(s.world, "n"), 5);
}

TEST(World, UsageOnAnUnknownNodeCountsInQuotas) {
  Scenario s;
  s.Tenant("t").Running("t/x", {"gone"}, 3);
  EXPECT_EQ(s.world.TenantUsage("t").used,
            (Amounts{{"cpu", 1000}, {"memory", 1024}, {"nvidia.com/gpu", 3}}));
  EXPECT_EQ(s.world.NamespaceUsage("t"), s.world.TenantUsage("t").used);
}

TEST(World, OccupantsMayComeBeforeWhatTheyName) {
  Scenario s;
  s.Running("t/x", {"n"}, 3);
  s.Tenant("t").Node("n", 8);
  EXPECT_EQ(FreeGpus(s.world, "n"), 5);
  EXPECT_EQ(s.world.TenantUsage("t").running, 1);
}

TEST(World, SettingWhatIsThereChangesNoGeneration) {
  Scenario s;
  s.Node("n", 8).Tenant("t").Running("t/x", {"n"}, 3);
  s.world.SetBudget({"t/b", 1});
  const std::uint64_t generation = s.world.generation();
  s.world.SetNode(MakeNode("n", 8));
  s.world.SetBudget({"t/b", 1});
  s.world.RemoveBudget("t/other");
  s.world.SetGang(Gang(*s.world.FindGang("t/x")));
  s.Tenant("t");
  EXPECT_EQ(s.world.generation(), generation);
  s.world.SetNode(MakeNode("n", 7));
  EXPECT_GT(s.world.generation(), generation);
  const std::uint64_t next = s.world.generation();
  s.world.SetBudget({"t/b", 0});
  EXPECT_GT(s.world.generation(), next);
}

TEST(World, ACopyIsIndependent) {
  Scenario s;
  s.Node("n", 8).Tenant("t");
  const World copy = s.world;
  s.Running("t/x", {"n"}, 3);
  EXPECT_EQ(FreeGpus(copy, "n"), 8);
  EXPECT_EQ(FreeGpus(s.world, "n"), 5);
}

TEST(World, GangIdsAreReused) {
  Scenario s;
  for (int i = 0; i < 100; ++i) {
    s.Running("t/x" + std::to_string(i), {}, 1);
    s.world.RemoveGang("t/x" + std::to_string(i));
  }
  EXPECT_LE(s.world.state().gangs.size(), 2U);
}

TEST(World, EverythingTakenOutAgainLeavesNothing) {
  Scenario s;
  s.Node("n", 8).Tenant("t").Running("t/x", {"n", "m"}, kHuge);
  s.world.RemoveOccupant("t/x#1");
  s.world.RemoveOccupant("t/x#2");
  EXPECT_TRUE(s.world.TenantUsage("t").used.empty());
  EXPECT_EQ(FreeGpus(s.world, "n"), 8);
}

TEST(World, NonsenseAmountsNeitherOverflowNorCrash) {
  Scenario s;
  s.Node("n", kHuge).Node("m", kHuge).Tenant("t", kHuge, kHuge).Tenant("u", kHuge);
  for (int i = 0; i < 8; ++i) s.Running("t/x" + std::to_string(i), {"n", "m", "gone"}, kHuge);
  s.Job("t/a", 1'000'000'000, kHuge).Job("u/b", 2, kHuge, 2'000'000'000).Job("t/c", -5, 3);
  EXPECT_EQ(FreeGpus(s.world, "n"), 0);
  EXPECT_EQ(s.Decide().holds.size(), 3U);
}

TEST(World, FreeBelowZeroTakesNothing) {
  Scenario s;
  s.Node("n", 8).Tenant("t").Running("t/x", {"n"}, 8).Node("n", 4).Job("t/j", 1, 1);
  EXPECT_EQ(FreeGpus(s.world, "n"), 0);
  EXPECT_TRUE(s.Decide().starts.empty());
}

TEST(World, SharesAreOfTheCapacityAndWeighted) {
  Scenario s;
  sched::Tenant tenant;
  tenant.name = "t";
  tenant.weight_milli = 2000;
  s.Node("n", 8).Tenant(tenant).Running("t/x", {"n"}, 4);
  EXPECT_EQ(s.world.TenantUsage("t").dominant_per_mille, 500);
  EXPECT_EQ(s.world.TenantUsage("t").share_q16, 16384);
}

TEST(World, ACordonedNodeCountsAsCapacityWhileATenantUsesIt) {
  Scenario s;
  sched::Node node = MakeNode("n", 8);
  node.cordoned = true;
  s.Node(node).Node("m", 8).Tenant("t");
  const auto gpu = *s.world.state().FindResource("nvidia.com/gpu");
  EXPECT_TRUE(s.world.state().capacity.Of(gpu) == 8);
  s.Running("t/x", {"n"}, 1);
  EXPECT_TRUE(s.world.state().capacity.Of(gpu) == 16);
}

TEST(World, PodsOfNobodyReduceTheCapacity) {
  Scenario s;
  s.Node("n", 8);
  Occupant occupant;
  occupant.key = "foreign";
  occupant.node = "n";
  occupant.ns = "kube-system";
  occupant.amounts = Gpus(2);
  s.world.SetOccupant(occupant);
  const auto gpu = *s.world.state().FindResource("nvidia.com/gpu");
  EXPECT_TRUE(s.world.state().capacity.Of(gpu) == 6);
}

TEST(World, PastReservationsAndThoseOfUnknownGangsAreDropped) {
  Scenario s;
  s.Node("n", 8).Tenant("t").Job("t/j", 1, 8);
  s.world.SetReservations({{"t/j", {{"n", Gpus(8)}}, testing::Seconds(testing::kNow)},
                           {"t/none", {{"n", Gpus(8)}}, testing::Seconds(testing::kNow + 9)}});
  EXPECT_TRUE(s.world.reservations().empty());
}

}  // namespace
}  // namespace muster::sched
