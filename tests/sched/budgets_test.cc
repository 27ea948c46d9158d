// PodDisruptionBudgets in the choice of victims.
#include "sched/policies/budgets.h"

#include <gtest/gtest.h>

#include "sched/random_world.h"

namespace muster::sched {
namespace {

using testing::kNow;
using testing::RandomWorld;
using testing::Scenario;
using testing::Seconds;

// Tenant t borrows, g takes back: its gangs of 4 GPUs a pod.
class BudgetsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    s_.Node("n", 16).Tenant("t").Tenant("g", 16);
    s_.world.SetBudget({"t/one", 1});
    s_.world.SetBudget({"t/none", 0});
  }
  // `age` is what it costs; its pods lie on n, and the budgets cover so many of them.
  void Run(const std::string& name, std::int64_t age, int pods, std::vector<BudgetShare> budgets) {
    Gang gang = s_.MakeGang(name, 0, 4);
    gang.started = Seconds(kNow - age);
    gang.budgets = std::move(budgets);
    s_.Running(gang, std::vector<std::string>(static_cast<std::size_t>(pods), "n"), 4);
  }
  // Victims in the order of decision.
  std::string Victims() {
    std::string names;
    const Plan plan = s_.Decide();
    for (const Eviction& eviction : plan.evictions) {
      names += (names.empty() ? "" : " ") + s_.world.gang(eviction.victim).name;
    }
    return names;
  }

  Scenario s_;
};

TEST_F(BudgetsTest, AVictimWithoutABudgetGoesFirstThoughItCostsMore) {
  Run("t/covered", 10, 2, {{"t/none", 2}});
  Run("t/dear", 1000, 2, {});
  s_.Job("g/j", 2, 4);
  EXPECT_EQ(Victims(), "t/dear");
  s_.world.RemoveBudget("t/none");
  EXPECT_EQ(Victims(), "t/covered");
}

TEST_F(BudgetsTest, ABudgetThatAllowsItIsNoReasonToSpare) {
  Run("t/covered", 10, 1, {{"t/one", 1}});
  Run("t/dear", 1000, 3, {});
  s_.Job("g/j", 1, 4);
  EXPECT_EQ(Victims(), "t/covered");
}

TEST_F(BudgetsTest, WhereOnlyCoveredGangsMakeRoomTheyGoAndTheTextSaysSo) {
  Run("t/covered", 10, 4, {{"t/none", 4}, {"t/one", 1}});
  s_.Job("g/j", 4, 4);
  const Plan plan = s_.Decide();
  ASSERT_EQ(plan.evictions.size(), 1U);
  EXPECT_EQ(plan.evictions[0].text,
            "t/covered makes room for g/j by Reclaim: tenant g is within its guarantee, t/covered "
            "borrows; against PodDisruptionBudget t/none; lost: 160 GPU-seconds; share of tenant g "
            "0.0% -> 100.0%, of tenant t 100.0% -> 0.0%");
}

TEST_F(BudgetsTest, FewerPodsBeyondTheirBudgetsGoFirst) {
  Run("t/cheap", 10, 3, {{"t/none", 3}});
  Run("t/dear", 1000, 1, {{"t/none", 1}});
  s_.Job("g/j", 1, 4);
  EXPECT_EQ(Victims(), "t/dear");
}

// One of x and y may go, not both.
TEST_F(BudgetsTest, WhatOneVictimTakesOfABudgetIsNotThereForTheNext) {
  Run("t/x", 10, 1, {{"t/one", 1}});
  Run("t/y", 20, 1, {{"t/one", 1}});
  Run("t/dear", 1000, 1, {});
  Run("t/dearer", 2000, 1, {});
  s_.Job("g/j", 2, 4);
  EXPECT_EQ(Victims(), "t/x t/dear");
}

TEST_F(BudgetsTest, NorForTheNextGangOfTheSameCycle) {
  Run("t/x", 10, 1, {{"t/one", 1}});
  Run("t/y", 20, 1, {{"t/one", 1}});
  Run("t/dear", 1000, 2, {});
  s_.Job("g/i", 1, 4).Job("g/j", 1, 4);
  EXPECT_EQ(Victims(), "t/x t/dear");
}

TEST_F(BudgetsTest, ABudgetIsNoProtection) {
  Run("t/young", 10, 4, {{"t/none", 4}});
  Gang young = *s_.world.FindGang("t/young");
  young.protected_until = Seconds(kNow + 60);
  s_.Job(young).Job("g/j", 1, 4);
  const Plan plan = s_.Decide();
  ASSERT_EQ(plan.holds.size(), 1U);
  EXPECT_EQ(plan.texts[plan.holds[0].text].find("PodDisruptionBudget"), std::string::npos);
}

TEST(RandomBudgets, NeverKeepAGangFromItsRoom) {
  int evicting = 0;
  for (unsigned seed = 1; seed <= 1500; ++seed) {
    const RandomWorld random(seed, 1);
    World with, without;
    random.PutInto(with, 0);
    random.PutInto(without, 0);
    for (const Budget& budget : random.budgets) without.RemoveBudget(budget.name);
    Cache cache, other_cache;
    const Plan plan = Schedule(with, {}, cache);
    const Plan other = Schedule(without, {}, other_cache);
    evicting += plan.evictions.empty() ? 0 : 1;
    ASSERT_EQ(plan.evictions.empty(), other.evictions.empty()) << "seed " << seed;
    ASSERT_EQ(plan.starts.size(), other.starts.size()) << "seed " << seed;
  }
  EXPECT_GT(evicting, 5);
}

}  // namespace
}  // namespace muster::sched
