#include "controllers/quota/plan.h"

#include <gtest/gtest.h>

#include "controllers/conditions.h"

namespace muster::op {
namespace {

constexpr std::int64_t kGi = 1LL << 30;

class QuotaPlan : public ::testing::Test {
 protected:
  QuotaPlan() {
    quota_.meta.ns = "team";
    quota_.meta.name = "q";
    quota_.meta.generation = 2;
    facts_.now = {1'700'000'000'000};
    facts_.tenant = "a";
    facts_.tenant_exists = true;
  }
  const api::Condition& Ready() {
    next_ = PlanQuota(quota_, facts_);
    return *FindCondition(next_.conditions, "Ready");
  }

  api::ResourceQuota quota_;
  QuotaFacts facts_;
  api::ResourceQuotaStatus next_;
};

TEST_F(QuotaPlan, ColumnsSayUsedAndHard) {
  quota_.hard = {{"requests.cpu", 50'000},
                 {"requests.memory", 100 * kGi},
                 {"requests.nvidia.com/gpu", 8},
                 {"count/jobs", 1'000}};
  facts_.used = {{"cpu", 12'500}, {"memory", 64 * 1024}, {"nvidia.com/gpu", 4}};
  facts_.jobs = 3;
  const api::ResourceQuotaStatus next = PlanQuota(quota_, facts_);
  EXPECT_EQ(next.cpu, "12500m/50");
  EXPECT_EQ(next.memory, "64Gi/100Gi");
  EXPECT_EQ(next.gpus, "4/8");
  EXPECT_EQ(next.jobs, "3/1000");
  EXPECT_EQ(next.used.at("requests.memory"), 64 * kGi);
  EXPECT_EQ(next.tenant, "a");
}

TEST_F(QuotaPlan, WhatIsNotLimitedHasNoColumn) {
  quota_.hard = {{"requests.cpu", 1'000}};
  const api::ResourceQuotaStatus next = PlanQuota(quota_, facts_);
  EXPECT_EQ(next.cpu, "0/1");
  EXPECT_EQ(next.gpus, "");
  EXPECT_EQ(next.memory, "");
}

TEST_F(QuotaPlan, LimitsAreCountedByTheirOwnName) {
  quota_.hard = {{"limits.cpu", 100'000}, {"pods", 10}};
  facts_.used = {{"cpu", 1}, {"limits.cpu", 40'000}, {"pods", 7}};
  const api::ResourceQuotaStatus next = PlanQuota(quota_, facts_);
  EXPECT_EQ(next.used.at("limits.cpu"), 40'000);
  EXPECT_EQ(next.used.at("pods"), 7);
  EXPECT_EQ(next.cpu, "40/100");
}

TEST_F(QuotaPlan, WhatMusterDoesNotCountIsLeftToTheCoreQuota) {
  quota_.hard = {{"persistentvolumeclaims", 10}, {"count/configmaps", 5}};
  EXPECT_TRUE(PlanQuota(quota_, facts_).used.empty());
}

TEST_F(QuotaPlan, UnclaimedNamespaceIsNoTenant) {
  facts_.tenant = "";
  EXPECT_EQ(Ready().status, "False");
  EXPECT_EQ(Ready().reason, "NoTenant");
  EXPECT_EQ(Ready().message, "no Tenant claims namespace team");
}

TEST_F(QuotaPlan, TenantThatIsGoneIsNoTenant) {
  facts_.tenant_exists = false;
  EXPECT_EQ(Ready().reason, "NoTenant");
}

TEST_F(QuotaPlan, UnreadableQuantityIsSaidInItsOwnWords) {
  quota_.invalid = "spec.hard.requests.cpu: \"lots\" is no quantity";
  EXPECT_EQ(Ready().reason, "InvalidQuantity");
  EXPECT_EQ(Ready().message, quota_.invalid);
}

TEST_F(QuotaPlan, TransitionTimeMovesOnlyWithTheWord) {
  quota_.status = PlanQuota(quota_, facts_);
  const base::TimePoint first = facts_.now;
  facts_.now.unix_ms += 60'000;
  EXPECT_EQ(Ready().last_transition, first);
  facts_.tenant = "";
  EXPECT_EQ(Ready().last_transition, facts_.now);
}

}  // namespace
}  // namespace muster::op
