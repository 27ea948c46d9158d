#include "controllers/conditions.h"
#include "controllers/tenant/reconciler.h"
#include "muster/api/codec.h"
#include "operator/cluster_fixture.h"

namespace muster::op {
namespace {

constexpr char kPolicy[] = "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/muster-a";
constexpr char kBinding[] = "/apis/rbac.authorization.k8s.io/v1/namespaces/a/rolebindings/muster-a";
constexpr char kQuota[] = "/api/v1/namespaces/a/resourcequotas/muster-a";

class TenantControllerTest : public testing::ClusterFixture {
 protected:
  void Settle() {
    on_wake_ = [this](const std::string& key) { controller_->Retry(key, guard_); };
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      controller_->Reconcile(dirty.tenants, dirty.namespaces, guard_);
    });
  }
  // Another process has become the leader.
  void NewLeader() { controller_ = Make(); }
  std::string Holder(const std::string& ns) {
    const auto labels = Read<api::Namespace>("/api/v1/namespaces/" + ns).meta.labels;
    const auto it = labels.find(api::kLabelTenant);
    return it == labels.end() ? "" : it->second;
  }
  std::string ReadyReason(const std::string& tenant) {
    const auto status = Read<api::Tenant>("/apis/scheduler.io/v1/tenants/" + tenant).status;
    const api::Condition* ready = FindCondition(status.conditions, "Ready");
    return ready == nullptr ? "" : ready->reason;
  }

 private:
  std::unique_ptr<TenantController> Make() {
    return std::make_unique<TenantController>(state_, actuator_, Wake(), TenantSettings{});
  }

 protected:
  std::unique_ptr<TenantController> controller_ = Make();
  TenantController::Guard guard_ = [](const std::string&, const std::function<void()>& work) {
    work();
  };
};

constexpr char kFull[] =
    R"({"resourceQuota":{"gpu":"10","storage":"1Ti"},"users":["eve"],
        "networkPolicy":{"isolation":"strict","allowedNamespaces":["team-*"]},
        "securityPolicy":{"podSecurityLevel":"baseline"}})";

TEST_F(TenantControllerTest, ClaimsAndRendersAndSaysSo) {
  PutNamespace("a");
  PutNamespace("team-1");
  PutOurs("tenants/a", kFull);
  Settle();
  EXPECT_EQ(Holder("a"), "a");
  EXPECT_TRUE(Exists(kPolicy) && Exists(kBinding) && Exists(kQuota));
  EXPECT_NE(api_.Get(kPolicy)->find("\"team-1\""), std::string::npos);
  const api::Namespace ns = Read<api::Namespace>("/api/v1/namespaces/a");
  EXPECT_EQ(ns.meta.labels.at(api::kLabelPodSecurity), "baseline");
  EXPECT_EQ(ReadyReason("a"), "Ready");
  EXPECT_EQ(Read<api::Tenant>("/apis/scheduler.io/v1/tenants/a").status.gpus, "0/10");
}

TEST_F(TenantControllerTest, WatchThatIsFasterThanTheAnswerToTheClaimLosesNothing) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  const auto look = [this] {
    Sync();
    const state::Dirty dirty = state_.TakeDirty();
    controller_->Reconcile(dirty.tenants, dirty.namespaces, guard_);
  };
  look();  // claims
  while (Writes("/api/v1/namespaces/a").empty()) std::this_thread::yield();
  api_.Drain();
  look();  // sees the claim; its answer is still on its way
  Answers();
  EXPECT_TRUE(Exists(kPolicy));
}

TEST_F(TenantControllerTest, WhatOneObjectThrowsCostsTheOthersNothing) {
  for (const char* name : {"a", "b", "c"}) {
    PutNamespace(name);
    PutOurs(std::string("tenants/") + name, kFull);
  }
  std::set<std::string> thrown;
  bool poisoned = true;
  guard_ = [&](const std::string& key, const std::function<void()>& work) {
    try {
      if (poisoned && (key == "b" || key == "tenant/b")) throw std::runtime_error("poison");
      work();
    } catch (const std::runtime_error&) {
      thrown.insert(key);
    }
  };
  Settle();
  EXPECT_EQ(thrown, (std::set<std::string>{"b", "tenant/b"}));
  EXPECT_EQ(Holder("a") + Holder("b") + Holder("c"), "ac");
  EXPECT_EQ(ReadyReason("c"), "Ready");
  poisoned = false;
  controller_->Retry("b", guard_);  // what was refused its turn gets another one
  Settle();
  EXPECT_EQ(Holder("b"), "b");
}

TEST_F(TenantControllerTest, WhatCannotBeHandledIsToldUntilItCan) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  for (const auto& [key, reason] :
       {std::pair("tenant/a", "CannotBeHandled"), std::pair("a", "RenderFailed")}) {
    Settle();
    clock_.Advance(5'000);
    ASSERT_EQ(ReadyReason("a"), "Ready");
    controller_->Poisoned(key, "out of range");
    Answers();
    EXPECT_EQ(ReadyReason("a"), reason);
    clock_.Advance(5'000);
    controller_->Retry(key, guard_);
    Settle();
    EXPECT_EQ(ReadyReason("a"), "Ready");
  }
}

TEST_F(TenantControllerTest, ClaimsThatCouldNotBeDecidedAreDecidedAgainForAll) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  const TenantController::Guard works =
      std::exchange(guard_, [](const std::string& key, const std::function<void()>& work) {
        if (key != "claims/") work();
      });
  Settle();
  EXPECT_EQ(Holder("a"), "");
  guard_ = works;
  controller_->Retry("claims/", guard_);
  Settle();
  EXPECT_EQ(Holder("a"), "a");
}

TEST_F(TenantControllerTest, NothingIsWrittenWhenNothingChanged) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  Settle();
  clock_.Advance(5'000);
  Settle();
  const std::size_t before = Writes().size();
  clock_.Advance(60'000);
  controller_->RefreshUsage(guard_);
  Settle();
  EXPECT_EQ(Writes().size(), before);
}

TEST_F(TenantControllerTest, DriftIsPutBackWithinTenMinutes) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  Settle();
  RemoveObject(kPolicy);
  clock_.Advance(600'000);
  Settle();
  EXPECT_TRUE(Exists(kPolicy));
}

TEST_F(TenantControllerTest, GlobsFollowNamespacesThatComeAndGo) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  Settle();
  EXPECT_EQ(api_.Get(kPolicy)->find("team-2"), std::string::npos);
  PutNamespace("team-2");
  Settle();
  EXPECT_NE(api_.Get(kPolicy)->find("\"team-2\""), std::string::npos);
  RemoveObject("/api/v1/namespaces/team-2");
  Settle();
  EXPECT_EQ(api_.Get(kPolicy)->find("team-2"), std::string::npos);
}

TEST_F(TenantControllerTest, DeletedTenantLeavesNothingButTheNamespace) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  Settle();
  RemoveObject("/apis/scheduler.io/v1/tenants/a");
  NewLeader();  // which never saw the Tenant
  state_.MarkAllJobs();
  Settle();
  EXPECT_FALSE(Exists(kPolicy) || Exists(kBinding) || Exists(kQuota));
  EXPECT_EQ(Holder("a"), "");
  const api::Namespace ns = Read<api::Namespace>("/api/v1/namespaces/a");
  EXPECT_TRUE(ns.meta.annotations.empty());
  EXPECT_FALSE(ns.meta.labels.contains(api::kLabelPodSecurity));
}

TEST_F(TenantControllerTest, SecondTenantIsToldWhoHoldsItAndGetsItWhenItIsReleased) {
  PutNamespace("x");
  PutOurs("tenants/a", R"({"namespaces":["x"]})");
  Settle();
  clock_.Advance(1'000);
  PutOurs("tenants/b", R"({"namespaces":["x"]})");
  Settle();
  EXPECT_EQ(Holder("x"), "a");
  EXPECT_EQ(ReadyReason("b"), "NamespaceHeld");
  clock_.Advance(2'000);
  PutOurs("tenants/a", R"({"namespaces":["y"]})");
  Settle();
  clock_.Advance(2'000);
  Settle();
  EXPECT_EQ(Holder("x"), "b");
  EXPECT_EQ(ReadyReason("b"), "Ready");
}

TEST_F(TenantControllerTest, RefusedObjectIsToldAndTheOthersAreThere) {
  PutNamespace("a");
  PutOurs("tenants/a", kFull);
  api_.Inject({.method = "PATCH",
               .path = "*/rolebindings/*",
               .status = 403,
               .reason = "Forbidden",
               .message = "no bind for you",
               .times = 100});
  Settle();
  clock_.Advance(1'500);  // the second failure is told
  Settle();
  clock_.Advance(3'000);
  Settle();
  EXPECT_TRUE(Exists(kPolicy));
  EXPECT_EQ(ReadyReason("a"), "RenderFailed");
  api_.ClearFaults();
  clock_.Advance(60'000);
  Settle();
  clock_.Advance(2'000);
  Settle();
  EXPECT_TRUE(Exists(kBinding));
  EXPECT_EQ(ReadyReason("a"), "Ready");
}

TEST_F(TenantControllerTest, ConflictOnTheClaimIsReadAgain) {
  PutNamespace("a");
  PutOurs("tenants/a", "{}");
  api_.Inject({.method = "PATCH",
               .path = "/api/v1/namespaces/a",
               .status = 409,
               .reason = "Conflict",
               .message = "changed"});
  Settle();
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Holder("a"), "a");
}

TEST_F(TenantControllerTest, QuotaOfTheNamespaceIsRenderedInPart) {
  PutNamespace("a");
  PutOurs("tenants/a", "{}");
  PutOurs("namespaces/a/resourcequotas/q",
          R"({"hard":{"persistentvolumeclaims":"10","count/jobs":"5","requests.cpu":"1"}})");
  Settle();
  ASSERT_TRUE(Exists(kQuota));
  EXPECT_NE(api_.Get(kQuota)->find("persistentvolumeclaims"), std::string::npos);
  EXPECT_EQ(api_.Get(kQuota)->find("count/jobs"), std::string::npos);
  RemoveObject("/apis/scheduler.io/v1/namespaces/a/resourcequotas/q");
  Settle();
  EXPECT_FALSE(Exists(kQuota));
}

}  // namespace
}  // namespace muster::op
