#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"
#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

class NodeNonsenseTest : public testing::Test {
 protected:
  void Report(const std::string& gpus, const std::string& uid = "u") {
    state_.Upsert(
        api::Decode<api::Node>(R"({"metadata":{"name":"n","uid":")" + uid +
                               R"("},"status":{"allocatable":{"cpu":"8","nvidia.com/gpu":")" +
                               gpus + R"("},"conditions":[{"type":"Ready","status":"True"}]}})"));
  }
  std::int64_t Gpus() { return AmountOf(*state_.world().FreeOn("n"), "nvidia.com/gpu"); }
  // As the World is told.
  bool Ready() { return ToNode(state_.nodes().at("n"), "nvidia.com/gpu").ready; }

  ClusterState state_{{}, base::SystemClock()};
};

TEST_F(NodeNonsenseTest, WhatItSaidLastHoldsAndItTakesNothingNew) {
  Report("8");
  for (const char* nonsense : {"-1", "many", "9223372036854775807", "2E"}) {
    Report(nonsense);
    EXPECT_EQ(Gpus(), 8) << nonsense;
    EXPECT_FALSE(Ready()) << nonsense;
  }
  Report("4");
  EXPECT_EQ(Gpus(), 4);
  EXPECT_TRUE(Ready());
}

TEST_F(NodeNonsenseTest, AnotherNodeOfItsNameHasNoPast) {
  Report("8");
  Report("-1", "another");
  EXPECT_EQ(Gpus(), 0);
  EXPECT_FALSE(Ready());
}

}  // namespace
}  // namespace muster::state
