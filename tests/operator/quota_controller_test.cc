#include "controllers/conditions.h"
#include "controllers/quota/reconciler.h"
#include "muster/api/codec.h"
#include "operator/cluster_fixture.h"

namespace muster::op {
namespace {

class QuotaControllerTest : public testing::ClusterFixture {
 protected:
  QuotaControllerTest() {
    Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"a"}}})");
    PutOurs("tenants/a", "{}");
    for (const char* name : {"p", "q", "r"}) {
      PutOurs(std::string("namespaces/team/resourcequotas/") + name,
              R"({"hard":{"count/jobs":"5"}})");
    }
  }
  void Settle() {
    on_wake_ = [this](const std::string& key) { state_.MarkQuota(key); };
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.quotas) controller_.Reconcile(key);
    });
  }
  api::ResourceQuotaStatus Status(const std::string& name) {
    return Read<api::ResourceQuota>("/apis/scheduler.io/v1/namespaces/team/resourcequotas/" + name)
        .status;
  }
  std::string Reason(const std::string& name) {
    return FindCondition(Status(name).conditions, "Ready")->reason;
  }

  QuotaController controller_{state_, actuator_, Wake()};
};

TEST_F(QuotaControllerTest, WhatCannotBeHandledIsToldUntilItCan) {
  Settle();
  ASSERT_EQ(Reason("q"), "Ready");
  clock_.Advance(5'000);
  controller_.Poisoned("team/q", "out of range");
  Answers();
  EXPECT_EQ(Reason("q"), "CannotBeHandled");
  clock_.Advance(5'000);
  Settle();
  EXPECT_EQ(Reason("q"), "Ready");
}

TEST_F(QuotaControllerTest, WhatOneObjectThrowsCostsTheUsageOfTheOthersNothing) {
  Settle();
  PutOurs("namespaces/team/jobs/j", R"({"image":"i"})");
  Sync();
  clock_.Advance(5'000);
  controller_.RefreshUsage([](const std::string& key, const std::function<void()>& work) {
    if (key != "team/q") work();
  });
  Answers();
  EXPECT_EQ(Status("p").jobs, "1/5");
  EXPECT_EQ(Status("q").jobs, "0/5");
  EXPECT_EQ(Status("r").jobs, "1/5");
}

}  // namespace
}  // namespace muster::op
