// Figures of a run that can be checked by hand.
#include "muster/sim/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

using testing::MakeJob;
using testing::MakeWorkload;

class ReportTest : public ::testing::Test {
 protected:
  Report Make(const Workload& workload) {
    run_ = Simulate(workload, sched::Policy{});
    return MakeReport(workload, run_, testing::kDevice);
  }
  History run_;
};

TEST_F(ReportTest, WaitsSlowdownAndUse) {
  // One node: 8 devices for 100 s, then 4 for 100 s; the second came at 50 s.
  const Report report =
      Make(MakeWorkload(1, {MakeJob("one", 0, 100, 8), MakeJob("two", 50, 100, 4)}));
  EXPECT_EQ(report.all.jobs, 2);
  EXPECT_DOUBLE_EQ(report.all.mean_s, 25);
  EXPECT_DOUBLE_EQ(report.all.longest_s, 50);
  EXPECT_DOUBLE_EQ(report.all.mean_completion_s, 125);
  EXPECT_DOUBLE_EQ(report.all.mean_slowdown, 1.25);
  EXPECT_DOUBLE_EQ(report.utilisation, 1);
  EXPECT_DOUBLE_EQ(report.makespan_s, 200);
  EXPECT_DOUBLE_EQ(report.idle_device_hours, 0);
}

TEST_F(ReportTest, DevicesThatStayIdleWhileAJobWaitsAreCounted) {
  const Report report =
      Make(MakeWorkload(1, {MakeJob("one", 0, 3'600, 2), MakeJob("two", 0, 3'600, 8)}));
  EXPECT_DOUBLE_EQ(report.idle_device_hours, 6);
}

TEST_F(ReportTest, RepeatedWorkIsAShareOfAllDeviceTime) {
  Job low = MakeJob("low", 0, 870, 8);
  low.priority = 250;
  Job high = MakeJob("high", 100, 1'000, 8);
  high.priority = 750;
  const Report report = Make(MakeWorkload(1, {low, high}));
  EXPECT_EQ(report.evictions, 1);
  EXPECT_DOUBLE_EQ(report.lost_share, 130.0 / (870 + 1'000 + 130));
}

TEST_F(ReportTest, SizesAndTenantsHaveRowsOfTheirOwn) {
  Job other = MakeJob("other", 0, 10, 3);
  other.tenant = "b";
  const Workload workload = MakeWorkload(2, {MakeJob("one", 0, 10, 1), other});
  const Report report = Make(workload);
  ASSERT_EQ(report.by_size.size(), 2u);
  EXPECT_EQ(report.by_size[0].first, "1");
  EXPECT_EQ(report.by_size[1].first, "2-3");
  EXPECT_EQ(report.by_tenant.at("b").jobs, 1);
  const std::string text = ToText(report);
  EXPECT_NE(text.find("2 of 2 jobs ended in 10 s"), std::string::npos) << text;
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["byTenant"]["b"]["jobs"], 1);
}

TEST_F(ReportTest, WhatNeverStartsIsNamedWithItsReason) {
  const Report report = Make(MakeWorkload(1, {MakeJob("large", 0, 10, 9)}));
  ASSERT_EQ(report.never.size(), 1u);
  EXPECT_EQ(report.never[0].rfind("large: ", 0), 0u) << report.never[0];
  EXPECT_NE(ToText(report).find("1 jobs never start"), std::string::npos);
}

}  // namespace
}  // namespace muster::sim
