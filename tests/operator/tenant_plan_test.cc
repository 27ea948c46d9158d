#include <gtest/gtest.h>

#include "controllers/conditions.h"
#include "controllers/tenant/claims.h"
#include "controllers/tenant/namespace_plan.h"
#include "controllers/tenant/status_plan.h"

namespace muster::op {
namespace {

using Names = std::vector<std::string>;

// ---- Claims ----

Claims Decide(std::vector<Claimant> claimants, std::vector<ClaimedNamespace> namespaces) {
  return DecideClaims(std::move(claimants), namespaces, "muster-system");
}

TEST(TenantClaims, WithoutNamespacesItIsTheOneOfItsOwnName) {
  const Claims claims = Decide({{"a", {1}, {}, false}}, {{"a", "", false}, {"b", "", false}});
  EXPECT_EQ(claims.holders, (std::map<std::string, std::string>{{"a", "a"}}));
}

TEST(TenantClaims, FreeNamespaceGoesToTheTenantCreatedFirst) {
  const Claims claims =
      Decide({{"a", {2}, {"x"}, false}, {"b", {1}, {"x"}, false}}, {{"x", "", false}});
  EXPECT_EQ(claims.holders.at("x"), "b");
  EXPECT_EQ(claims.tenants.at("a").elsewhere.at("x"), "b");
}

TEST(TenantClaims, WhoHasItKeepsIt) {
  const Claims claims =
      Decide({{"a", {2}, {"x"}, false}, {"b", {1}, {"x"}, false}}, {{"x", "a", false}});
  EXPECT_EQ(claims.holders.at("x"), "a");
  EXPECT_EQ(claims.tenants.at("b").elsewhere.at("x"), "a");
}

TEST(TenantClaims, GlobsCoverNewNamespacesButNeverSystemOnes) {
  const Claims claims = Decide({{"a", {1}, {"*"}, false}}, {{"kube-system", "", false},
                                                            {"kube-public", "", false},
                                                            {"muster-system", "", false},
                                                            {"default", "", false},
                                                            {"team", "", false}});
  EXPECT_EQ(claims.tenants.at("a").held, Names{"team"});
  EXPECT_TRUE(claims.tenants.at("a").forbidden.empty());
}

TEST(TenantClaims, NamedSystemNamespaceIsForbidden) {
  const Claims claims = Decide({{"a", {1}, {"kube-system", "default"}, false}},
                               {{"kube-system", "a", false}, {"default", "", false}});
  EXPECT_EQ(claims.tenants.at("a").forbidden, Names{"kube-system"});
  EXPECT_EQ(claims.tenants.at("a").held, Names{"default"});
  EXPECT_FALSE(claims.holders.contains("kube-system"));
}

TEST(TenantClaims, NamespaceNoLongerWantedIsReleasedOrPassedOn) {
  const Claims claims = Decide({{"a", {1}, {"y"}, false}, {"b", {2}, {"x"}, false}},
                               {{"x", "a", false}, {"z", "a", false}, {"g", "gone", false}});
  EXPECT_EQ(claims.holders, (std::map<std::string, std::string>{{"x", "b"}}));
  EXPECT_EQ(claims.tenants.at("a").missing, Names{"y"});
}

TEST(TenantClaims, TenantThatCannotBeReadKeepsWhatItHas) {
  const Claims claims = Decide({{"a", {1}, {}, true}}, {{"x", "a", false}, {"a", "", false}});
  EXPECT_EQ(claims.tenants.at("a").held, Names{"x"});
}

TEST(TenantClaims, TerminatingNamespaceIsGivenToNobody) {
  const Claims claims =
      Decide({{"a", {1}, {"x", "y"}, false}}, {{"x", "", true}, {"y", "a", true}});
  EXPECT_EQ(claims.tenants.at("a").held, Names{"y"});
}

TEST(TenantClaims, AllowedNamespacesAreNamesAndWhatGlobsMatch) {
  EXPECT_EQ(Expand({"team-*", "later"}, {{"team-a", "", false}, {"x", "", false}}),
            (Names{"later", "team-a"}));
}

// ---- One namespace ----

class NamespacePlan : public ::testing::Test {
 protected:
  NamespacePlan() {
    ns_.meta.name = "team";
    ns_.meta.uid = "u";
    ns_.meta.resource_version = "5";
    facts_.boot_ms = 1'000'000;
  }
  void Holds(const std::string& tenant, const std::string& rendered) {
    ns_.meta.labels[api::kLabelTenant] = tenant;
    ns_.meta.annotations[api::kAnnotationRendered] = rendered;
  }
  NamespaceActions Plan() { return PlanNamespace(ns_, ledger_, facts_); }

  api::Namespace ns_;
  NamespaceLedger ledger_;
  NamespaceFacts facts_;
};

TEST_F(NamespacePlan, ClaimAndWordOfWhatComesAreOneWriteBeforeAnyObject) {
  facts_.holder = "a";
  facts_.wanted[kNetworkPolicy] = "{}";
  facts_.level = "restricted";
  const NamespaceActions actions = Plan();
  ASSERT_TRUE(actions.change);
  EXPECT_EQ(actions.change->labels.at(api::kLabelTenant), "a");
  EXPECT_EQ(actions.change->labels.at(api::kLabelPodSecurity), "restricted");
  EXPECT_EQ(actions.change->annotations.at(api::kAnnotationRendered),
            "a networkpolicy podsecurity=restricted");
  EXPECT_TRUE(actions.applies.empty());
  EXPECT_TRUE(actions.claimed);
}

TEST_F(NamespacePlan, ObjectsAreAppliedOnceAndAgainAgainstDrift) {
  Holds("a", "a networkpolicy");
  facts_.holder = "a";
  facts_.wanted[kNetworkPolicy] = "{}";
  EXPECT_EQ(Plan().applies, Names{kNetworkPolicy});
  ledger_.applied[kNetworkPolicy] = {"{}", facts_.boot_ms};
  EXPECT_TRUE(Plan().applies.empty());
  EXPECT_EQ(Plan().wake_in_ms, 600'000);
  facts_.boot_ms += 600'000;
  EXPECT_EQ(Plan().applies, Names{kNetworkPolicy});
}

TEST_F(NamespacePlan, ChangedObjectIsAppliedAtOnce) {
  Holds("a", "a networkpolicy");
  facts_.holder = "a";
  facts_.wanted[kNetworkPolicy] = R"({"new":1})";
  ledger_.applied[kNetworkPolicy] = {"{}", facts_.boot_ms};
  EXPECT_EQ(Plan().applies, Names{kNetworkPolicy});
}

TEST_F(NamespacePlan, WhatIsNoLongerWantedIsDeletedBeforeTheAnnotationForgetsIt) {
  Holds("a", "a networkpolicy rolebinding");
  facts_.holder = "a";
  facts_.wanted[kRoleBinding] = "{}";
  NamespaceActions actions = Plan();
  EXPECT_EQ(actions.deletes, Names{kNetworkPolicy});
  EXPECT_FALSE(actions.change);
  ledger_.deleted.insert(kNetworkPolicy);
  actions = Plan();
  EXPECT_TRUE(actions.deletes.empty());
  EXPECT_EQ(actions.change->annotations.at(api::kAnnotationRendered), "a rolebinding");
}

TEST_F(NamespacePlan, ReleaseTakesTheObjectsFirstAndOnlyOurOwnLabels) {
  Holds("a", "a networkpolicy podsecurity=baseline");
  ns_.meta.labels[api::kLabelPodSecurity] = "restricted";  // set by a person since
  NamespaceActions actions = Plan();
  EXPECT_EQ(actions.deletes, Names{kNetworkPolicy});
  EXPECT_EQ(actions.delete_tenant, "a");
  EXPECT_FALSE(actions.change);
  ledger_.deleted.insert(kNetworkPolicy);
  actions = Plan();
  EXPECT_EQ(actions.change->labels.size(), 1u);
  EXPECT_EQ(actions.change->labels.at(api::kLabelTenant), std::nullopt);
  EXPECT_EQ(actions.change->annotations.at(api::kAnnotationRendered), std::nullopt);
  EXPECT_EQ(actions.released, "a");
}

TEST_F(NamespacePlan, ChangeOfHandsIsOneWriteOnceTheOldObjectsAreGone) {
  Holds("a", "a rolebinding");
  facts_.holder = "b";
  facts_.wanted[kNetworkPolicy] = "{}";
  EXPECT_EQ(Plan().deletes, Names{kRoleBinding});
  ledger_.deleted.insert(kRoleBinding);
  const NamespaceActions actions = Plan();
  EXPECT_EQ(actions.change->labels.at(api::kLabelTenant), "b");
  EXPECT_EQ(actions.change->annotations.at(api::kAnnotationRendered), "b networkpolicy");
}

TEST_F(NamespacePlan, UnclaimedNamespaceIsLeftAlone) {
  const NamespaceActions actions = Plan();
  EXPECT_FALSE(actions.change);
  EXPECT_TRUE(actions.applies.empty() && actions.deletes.empty());
}

TEST_F(NamespacePlan, FailureOfOneKindDoesNotHoldTheOthers) {
  Holds("a", "a networkpolicy rolebinding");
  facts_.holder = "a";
  facts_.wanted = {{kNetworkPolicy, "{}"}, {kRoleBinding, "{}"}};
  ledger_.troubles[kRoleBinding] = {"forbidden", facts_.boot_ms + 4'000, 3};
  const NamespaceActions actions = Plan();
  EXPECT_EQ(actions.applies, Names{kNetworkPolicy});
  EXPECT_EQ(actions.wake_in_ms, 4'000);
}

TEST_F(NamespacePlan, PatchIsAwaitedBeforeAnythingElse) {
  facts_.holder = "a";
  ledger_.patched_from = "5";
  EXPECT_FALSE(Plan().change);
  ns_.meta.resource_version = "6";
  EXPECT_TRUE(Plan().change);
}

TEST_F(NamespacePlan, CoreQuotaHoldsTheLeastOfWhatMusterDoesNotCount) {
  api::TenantSpec spec;
  spec.hard = {{"requests.storage", 1'000}, {"cpu", 5'000}};
  api::ResourceQuota one, two;
  one.hard = {{"persistentvolumeclaims", 10}, {"count/jobs", 4}, {"requests.cpu", 9}};
  two.hard = {{"persistentvolumeclaims", 7}, {"count/configmaps", 3}, {"pods", 2}};
  EXPECT_EQ(CoreQuotaOf(spec, {&one, &two}), (api::ResourceList{{"count/configmaps", 3},
                                                                {"persistentvolumeclaims", 7},
                                                                {"requests.storage", 1'000}}));
}

// ---- Status ----

class TenantStatusPlan : public ::testing::Test {
 protected:
  TenantStatusPlan() {
    tenant_.meta.name = "a";
    tenant_.meta.generation = 1;
    facts_.claims.held = {"team"};
  }
  const api::Condition& Ready() {
    next_ = PlanTenantStatus(tenant_, facts_);
    return *FindCondition(next_.conditions, "Ready");
  }

  api::Tenant tenant_;
  TenantFacts facts_;
  api::TenantStatus next_;
};

TEST_F(TenantStatusPlan, ColumnsSayUsageAndShare) {
  tenant_.spec.hard = {{"gpu", 10}};
  facts_.usage.used = {{"nvidia.com/gpu", 5}, {"cpu", 1'000}, {"limits.cpu", 2'000}};
  facts_.usage.per_mille = 125;
  facts_.usage.running = 2;
  const api::TenantStatus next = PlanTenantStatus(tenant_, facts_);
  EXPECT_EQ(next.gpus, "5/10");
  EXPECT_EQ(next.share, "12.5%");
  EXPECT_EQ(next.running, 2);
  EXPECT_FALSE(next.used.contains("limits.cpu"));
  tenant_.spec.hard.clear();
  EXPECT_EQ(PlanTenantStatus(tenant_, facts_).gpus, "5");
}

TEST_F(TenantStatusPlan, HeldNamespaceNamesItsHolder) {
  facts_.claims.elsewhere = {{"x", "b"}};
  EXPECT_EQ(Ready().reason, "NamespaceHeld");
  EXPECT_EQ(Ready().message, "namespace x is held by Tenant b");
}

TEST_F(TenantStatusPlan, ForbiddenNamespaceSaysWhatToDo) {
  facts_.claims.forbidden = {"kube-system"};
  EXPECT_EQ(Ready().reason, "ForbiddenNamespace");
  EXPECT_EQ(Ready().message,
            "namespace kube-system cannot be claimed; remove it from spec.namespaces");
}

TEST_F(TenantStatusPlan, GuaranteeAboveItsCeilingIsInvalid) {
  tenant_.spec.hard = {{"nvidia.com/gpu", 10}};
  tenant_.spec.guaranteed = {{"gpu", 12}};
  EXPECT_EQ(Ready().reason, "InvalidQuota");
  EXPECT_EQ(Ready().message,
            "spec.guaranteed.gpu 12 is above spec.resourceQuota.gpu 10; lower the one or raise the "
            "other");
}

TEST_F(TenantStatusPlan, TwoNamesForOneResourceAreInvalidAndTheLesserCounts) {
  tenant_.spec.hard = {{"gpu", 4}, {"nvidia.com/gpu", 8}};
  EXPECT_EQ(Ready().reason, "InvalidQuota");
  EXPECT_EQ(
      Ready().message,
      "spec.resourceQuota names gpu and nvidia.com/gpu, which are the same: the lesser counts; "
      "remove one");
  EXPECT_EQ(PlanTenantStatus(tenant_, facts_).gpus, "0/4");
  tenant_.spec.hard.clear();
  tenant_.spec.lending_limit = {{"gpu", 4}, {"nvidia.com/gpu", 4}};
  EXPECT_TRUE(Ready().message.str().starts_with("spec.borrowing.lendingLimit names gpu and "));
}

TEST_F(TenantStatusPlan, NamespaceThatIsNotThereYetIsNoFault) {
  facts_.claims = {};
  facts_.claims.missing = {"a"};
  EXPECT_EQ(Ready().status, "True");
  EXPECT_EQ(Ready().message, "not there yet: namespace a");
}

TEST_F(TenantStatusPlan, GuaranteesAboveTheClusterAreACondition) {
  const api::ResourceList one = {{"gpu", 60}}, two = {{"nvidia.com/gpu", 60}};
  const auto over = OverCapacity({&one, &two}, {{"nvidia.com/gpu", 100}}, "nvidia.com/gpu");
  facts_.over_capacity = over.at("nvidia.com/gpu");
  tenant_.status = PlanTenantStatus(tenant_, facts_);
  const api::Condition* found =
      FindCondition(tenant_.status.conditions, "GuaranteeExceedsCapacity");
  EXPECT_EQ(found->message,
            "all tenants together are guaranteed 120 nvidia.com/gpu, the cluster has 100");
  facts_.over_capacity.clear();
  const api::TenantStatus later = PlanTenantStatus(tenant_, facts_);
  EXPECT_EQ(FindCondition(later.conditions, "GuaranteeExceedsCapacity")->status, "False");
}

}  // namespace
}  // namespace muster::op
