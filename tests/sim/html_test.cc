// The page about a run: what is on it, how large it gets, and what goes into its plots.
#include "muster/sim/html.h"

#include <gtest/gtest.h>

#include "sim/plot.h"
#include "sim/series.h"
#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

using testing::kDevice;
using testing::MakeJob;
using testing::MakeWorkload;

std::string PageOf(const Workload& workload) {
  const History run = Simulate(workload, sched::Policy{});
  return ToHtml(workload, run, MakeReport(workload, run, kDevice), kDevice);
}

bool Has(const std::string& page, const std::string& text) {
  return page.find(text) != std::string::npos;
}

TEST(Html, EveryPlotIsThereAndNothingIsLoaded) {
  Job other = MakeJob("other", 10, 50, 4);
  other.tenant = "b";
  const std::string page = PageOf(MakeWorkload(2, {MakeJob("one", 0, 100, 8), other}));
  for (const char* id : {"use", "queue", "waits", "slowdowns", "tenant-0", "tenant-1", "gantt"}) {
    EXPECT_TRUE(Has(page, "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"" + std::string(id)))
        << id;
  }
  EXPECT_FALSE(Has(page, "<script"));
  EXPECT_FALSE(Has(page, "src="));
  EXPECT_FALSE(Has(page, "href="));
}

TEST(Html, NamesCannotBreakThePage) {
  Job job = MakeJob("<b>&\"", 0, 10, 1);
  job.tenant = "</svg>";
  const std::string page = PageOf(MakeWorkload(1, {job}));
  EXPECT_FALSE(Has(page, "<b>"));
  EXPECT_TRUE(Has(page, "&lt;b&gt;&amp;&quot;"));
  EXPECT_TRUE(Has(page, "&lt;/svg&gt;"));
}

// A run that was not simulated: each job starts when it comes.
History MakeHistory(const Workload& workload) {
  History run;
  for (std::uint32_t i = 0; i < workload.jobs.size(); ++i) {
    const Job& job = workload.jobs[i];
    const std::int64_t begin = job.submit.unix_ms, end = begin + job.run_ms;
    Outcome& outcome = run.outcomes.emplace_back();
    outcome.first_start_ms = begin;
    outcome.end_ms = end;
    run.stays.push_back({i, begin, end, 1, {{i % 8, 1}}});
    run.levels.push_back({begin, i % 64, 0, i % 7});
  }
  return run;
}

TEST(Html, TheSizeDoesNotGrowWithTheRun) {
  std::vector<Job> jobs;
  for (int i = 0; i < 30'000; ++i) {
    Job job = MakeJob("job-" + std::to_string(100'000 + i), i * 20, 100 + i % 500, 1 + i % 8);
    job.tenant = "tenant-" + std::to_string(i % 60);
    jobs.push_back(job);
  }
  const Workload workload = MakeWorkload(8, jobs);
  const History run = MakeHistory(workload);
  const std::string page = ToHtml(workload, run, MakeReport(workload, run, kDevice), kDevice);
  EXPECT_LT(page.size(), 200'000u);
  EXPECT_TRUE(Has(page, "The nodes are not drawn: 30000 starts on 30000 places are more"));
  EXPECT_TRUE(Has(page, "48 tenants with less are left out."));
  EXPECT_TRUE(Has(page, "The first 40 of 60 tenants"));
}

TEST(Html, TooManyNodesAreNotDrawn) {
  const std::string page = PageOf(MakeWorkload(65, {MakeJob("one", 0, 100, 8)}));
  EXPECT_TRUE(Has(page, "The nodes are not drawn: there are 65, and the picture has room for 64."));
}

TEST(Series, ABucketHasTheMeanTheLeastAndTheMost) {
  const Steps steps = {{0, 4}, {50, 8}, {150, 0}};
  const std::vector<Bucket> buckets = Bucketed(steps, {0, 200}, 2);
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_DOUBLE_EQ(buckets[0].mean, 6);
  EXPECT_EQ(buckets[0].least, 4);
  EXPECT_EQ(buckets[0].most, 8);
  EXPECT_DOUBLE_EQ(buckets[1].mean, 4);
  EXPECT_EQ(buckets[1].least, 0);
  EXPECT_EQ(buckets[1].most, 8);
}

TEST(Series, EachTenantHasWhatItsJobsHold) {
  Job other = MakeJob("other", 10, 50, 4);
  other.tenant = "b";
  const Workload workload = MakeWorkload(2, {MakeJob("one", 0, 100, 8), other});
  const auto steps = StepsByTenant(workload, Simulate(workload, sched::Policy{}));
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].second, (Steps{{0, 8}, {100'000, 0}}));
  EXPECT_EQ(steps[1].second, (Steps{{10'000, 4}, {60'000, 0}}));
}

TEST(Plot, AxesEndAtRoundNumbersAndNameTheirUnit) {
  EXPECT_EQ(LinearAxis("GPUs", 64).most, 80);
  EXPECT_EQ(LinearAxis("jobs", 1).ticks.size(), 2u);
  EXPECT_EQ(TimeAxis("time", 3'600'000).title, "time (min)");
  EXPECT_EQ(TimeAxis("time", 86'400'000).title, "time (h)");
  EXPECT_EQ(LogTimeAxis("wait", 700).ticks.back().label, "1 h");
  EXPECT_EQ(LogAxis("slowdown", 101).most, 1'000);
}

TEST(Plot, WhatLiesOutsideIsCutToTheFrame) {
  Plot plot({"p", "t", "d"}, LinearAxis("x", 10), LinearAxis("y", 10));
  plot.Line({{-5, -5}, {50, 50}}, "#000000");
  EXPECT_NE(plot.Finish().find("d=\"M64 216L864 12\""), std::string::npos) << plot.Finish();
}

}  // namespace
}  // namespace muster::sim
