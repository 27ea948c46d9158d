// Foreign groups and Jobs that take each other's place, by the program's own loop.
#include "controllers/foreign/reconciler.h"
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

class ForeignPreemptionTest : public testing::JobFixture {
 protected:
  ForeignPreemptionTest() {
    scheduler_.SetGroups(
        [this](const std::string& group, const sched::Start& start) {
          foreign_.Bind(group, start);
        },
        [this](const std::string& group, const std::string& text) { foreign_.Evict(group, text); });
    PutNode("n1", 8);
    Put("/api/v1/namespaces/other", R"({"metadata":{"labels":{"scheduler.io/tenant":"b"}}})");
    PutOurs("tenants/b", R"({"guaranteed":{"gpu":"8"}})");
  }
  void Look() {
    clock_.Advance(1000);
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.groups) foreign_.Reconcile(key);
      Turn(dirty);
      Turn();
    });
  }
  // Reasons of the events about pods of the namespace "other".
  std::string PodEvents() {
    std::string reasons;
    for (const auto& seen : api_.Seen("POST", "/api/v1/namespaces/other/events*")) {
      for (const char* reason : {"PreemptedWorkload", "Scheduled"}) {
        const std::string said = std::string("\"reason\":\"") + reason + "\"";
        if (seen.body.find(said) == std::string::npos) continue;
        EXPECT_NE(seen.body.find("\"kind\":\"Pod\""), std::string::npos) << seen.body;
        reasons += std::string(reason) + " ";
      }
    }
    return reasons;
  }

  ForeignController foreign_{state_, actuator_, [](const std::string&, std::int64_t) {}};
};

TEST_F(ForeignPreemptionTest, TheWinnersPodIsToldOfThePreemptionToo) {
  PutJob("borrower", 1, 8);
  Look();
  RunPods("borrower");
  Look();
  ASSERT_EQ(Status("borrower").phase, "Running");
  Put("/api/v1/namespaces/other/pods/p",
      R"({"metadata":{"labels":{"scheduler.io/pod-group":"g","scheduler.io/pod-group-min":"1"}},
          "spec":{"schedulerName":"muster","containers":[{"name":"c","image":"i","resources":{
            "limits":{"nvidia.com/gpu":"8"},"requests":{"nvidia.com/gpu":"8"}}}]},
          "status":{"phase":"Pending"}})");
  Look();
  EXPECT_EQ(scheduler_.stats().evictions_reclaim, 1);
  EXPECT_EQ(PodEvents(), "PreemptedWorkload ");
}

}  // namespace
}  // namespace muster::op
