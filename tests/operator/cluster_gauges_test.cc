#include "cluster_gauges.h"

#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"

namespace muster::op {
namespace {

class ClusterGaugesTest : public testing::Test {
 protected:
  ClusterGaugesTest() {
    state_.Upsert(api::Decode<api::Node>(
        R"({"metadata":{"name":"n","uid":"n"},"status":{"allocatable":{"nvidia.com/gpu":"8"},
            "conditions":[{"type":"Ready","status":"True"}]}})"));
    state_.Upsert(api::Decode<api::Tenant>(R"({"metadata":{"name":"t","uid":"t"},"spec":{}})"));
    state_.Upsert(api::Decode<api::Job>(
        R"({"metadata":{"namespace":"t","name":"j","uid":"u"},"spec":{"tasks":[{"name":"main",
            "replicas":1,"template":{"spec":{"containers":[]}}}]},"status":{"reason":"NoTenant"}})"));
  }
  bool Shown(const std::string& series) {
    return metrics_.Text().find("\n" + series) != std::string::npos;
  }

  telemetry::Metrics metrics_{false};
  state::ClusterState state_{{}, base::SystemClock()};
  ClusterGauges gauges_{metrics_, state_};
};

constexpr const char* kSeries[] = {
    "gpu_scheduler_pending_jobs{reason=\"NoTenant\"} 1",
    "gpu_scheduler_queue_size{",
    "gpu_scheduler_oldest_pending_seconds{",
    "gpu_scheduler_poison_objects{",
    "gpu_scheduler_tenant_gpus_used{tenant=\"t\"} 0",
    "gpu_scheduler_tenant_share{tenant=\"t\"}",
    "gpu_scheduler_gpus{state=\"capacity\"} 8",
    "gpu_scheduler_gpu_utilization 0",
    "gpu_scheduler_overcommitted_nodes 0",
};

TEST_F(ClusterGaugesTest, LeaderShowsTheCluster) {
  gauges_.Push();
  for (const char* series : kSeries) EXPECT_TRUE(Shown(series)) << series << metrics_.Text();
}

TEST_F(ClusterGaugesTest, ANodeWithMoreInUseThanItHasIsCounted) {
  state_.Upsert(api::Decode<api::Pod>(
      R"({"metadata":{"namespace":"t","name":"p","uid":"p"},"spec":{"nodeName":"n","containers":[
          {"name":"c","resources":{"requests":{"nvidia.com/gpu":"9"}}}]},
          "status":{"phase":"Running"}})"));
  gauges_.Push();
  EXPECT_TRUE(Shown("gpu_scheduler_overcommitted_nodes 1")) << metrics_.Text();
}

TEST_F(ClusterGaugesTest, ANodeThatReportsNonsenseIsNoCapacity) {
  state_.Upsert(api::Decode<api::Node>(
      R"({"metadata":{"name":"n","uid":"n"},"status":{"allocatable":{"nvidia.com/gpu":"-8"},
          "conditions":[{"type":"Ready","status":"True"}]}})"));
  gauges_.Push();
  EXPECT_TRUE(Shown("gpu_scheduler_gpus{state=\"capacity\"} 0")) << metrics_.Text();
  EXPECT_TRUE(Shown("gpu_scheduler_poison_objects{kind=\"Node\"} 1")) << metrics_.Text();
}

TEST_F(ClusterGaugesTest, NothingOfItIsLeftOnWhoeverLeadsNoMore) {
  gauges_.Push();
  metrics_.Set(telemetry::Metric::kDrift, {}, 1);
  gauges_.Clear();
  for (const char* series : kSeries) {
    const std::string name(series, std::string(series).find_first_of("{ "));
    EXPECT_FALSE(Shown(name)) << metrics_.Text();
  }
  EXPECT_FALSE(Shown("gpu_scheduler_drift"));
}

}  // namespace
}  // namespace muster::op
