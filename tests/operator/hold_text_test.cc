#include "controllers/job/reconciler.h"
#include "operator/cluster_fixture.h"
#include "scheduler_loop.h"

namespace muster::op {
namespace {

constexpr char kJob[] = "/apis/scheduler.io/v1/namespaces/team/jobs/wide";

// A job that waits for more GPUs than there are; the loop of the program in miniature.
class HoldTextTest : public testing::ClusterFixture {
 protected:
  HoldTextTest() {
    Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"a"}}})");
    PutOurs("tenants/a", "{}");
    PutNode("n", 4);
    PutOurs("namespaces/team/jobs/wide", R"({"image":"i","resources":{"gpu":8}})");
    on_wake_ = [this](const std::string& key) { state_.MarkJob(key); };
    for (int i = 0; i < 3; ++i) After(1);
  }
  void After(std::int64_t seconds) {
    clock_.Advance(seconds * 1000);
    Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.jobs) jobs_.Reconcile(key);
      loop_.Cycle();
    });
  }
  std::string Told() { return Read<api::Job>(kJob).status.message; }

  JobReconciler jobs_{state_, actuator_, Wake()};
  SchedulerLoop loop_{state_, actuator_, {}};
};

TEST_F(HoldTextTest, NewNumbersAreToldTenSecondsAfterTheLastOnes) {
  const std::string first = Told();
  ASSERT_NE(first, "");
  PutNode("n", 6);
  After(1);
  EXPECT_EQ(Told(), first);
  After(10);
  After(1);
  EXPECT_NE(Told(), first);
}

}  // namespace
}  // namespace muster::op
