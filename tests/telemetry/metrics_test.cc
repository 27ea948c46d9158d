#include "muster/telemetry/metrics.h"

#include <gtest/gtest.h>

#include <thread>

#include "telemetry/process.h"

namespace muster::telemetry {
namespace {

// Whether the text has exactly this line.
bool HasLine(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, CountersAddUp) {
  Metrics metrics(false);
  metrics.Add(Metric::kCommits, {"conflict"});
  metrics.Add(Metric::kCommits, {"conflict"}, 2);
  metrics.Add(Metric::kCommits, {"ok"}, 5);
  const std::string text = metrics.Text();
  EXPECT_TRUE(HasLine(text, "# TYPE gpu_scheduler_commits_total counter")) << text;
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_commits_total{result=\"conflict\"} 3")) << text;
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_commits_total{result=\"ok\"} 5")) << text;
}

TEST(Metrics, LabelsStandInTheOrderOfTheCatalogue) {
  Metrics metrics(false);
  metrics.Add(Metric::kRestRequests, {"201", "POST"});
  EXPECT_TRUE(HasLine(metrics.Text(), "rest_client_requests_total{code=\"201\",method=\"POST\"} 1"))
      << metrics.Text();
}

TEST(Metrics, HistogramsFillTheirBuckets) {
  Metrics metrics(false);
  metrics.Observe(Metric::kReconcileTime, {"job"}, 0.003);
  metrics.Observe(Metric::kReconcileTime, {"job"}, 7);
  const std::string text = metrics.Text();
  const std::string name = "controller_runtime_reconcile_time_seconds";
  EXPECT_TRUE(HasLine(text, name + "_bucket{controller=\"job\",le=\"0.0025\"} 0")) << text;
  EXPECT_TRUE(HasLine(text, name + "_bucket{controller=\"job\",le=\"0.005\"} 1")) << text;
  EXPECT_TRUE(HasLine(text, name + "_bucket{controller=\"job\",le=\"+Inf\"} 2")) << text;
  EXPECT_TRUE(HasLine(text, name + "_count{controller=\"job\"} 2")) << text;
}

TEST(Metrics, SetAllForgetsWhatIsGone) {
  Metrics metrics(false);
  metrics.SetAll(Metric::kTenantShare, {{{"a"}, 0.5}, {{"b"}, 0.25}});
  metrics.SetAll(Metric::kTenantShare, {{{"b"}, 0.75}, {{"c"}, 1}});
  const std::string text = metrics.Text();
  EXPECT_EQ(text.find("tenant=\"a\""), std::string::npos) << text;
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_tenant_share{tenant=\"b\"} 0.75")) << text;
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_tenant_share{tenant=\"c\"} 1")) << text;
}

TEST(Metrics, WithoutLabelsCountersStartAtZeroAndTheRestIsAbsent) {
  Metrics metrics(false);
  const std::string text = metrics.Text();
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_pods_created_total 0")) << text;
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_scheduling_latency_seconds_count 0")) << text;
  EXPECT_EQ(text.find("gpu_scheduler_drift"), std::string::npos) << text;
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics(false);
  metrics.Set(Metric::kBuild, {"a\"b\\c\nd"}, 1);
  EXPECT_TRUE(HasLine(metrics.Text(), R"(gpu_scheduler_build_info{version="a\"b\\c\nd"} 1)"))
      << metrics.Text();
}

TEST(Metrics, TooManySeriesAreDroppedAndCounted) {
  Metrics metrics(false);
  for (std::size_t i = 0; i < Metrics::kMaxSeries + 3; ++i) {
    metrics.Set(Metric::kTenantShare, {"tenant-" + std::to_string(i)}, 1);
  }
  metrics.Set(Metric::kTenantShare, {"tenant-0"}, 0.5);
  const std::string text = metrics.Text();
  EXPECT_TRUE(HasLine(text,
                      "gpu_scheduler_metric_series_dropped_total{metric=\"gpu_scheduler_tenant_"
                      "share\"} 3"));
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_tenant_share{tenant=\"tenant-0\"} 0.5"));
}

TEST(Metrics, CollectorsRunAtEachScrape) {
  Metrics metrics(false);
  int depth = 0;
  metrics.OnCollect([&depth](Metrics& m) { m.Set(Metric::kQueueDepth, {"jobs"}, ++depth); });
  EXPECT_TRUE(HasLine(metrics.Text(), "workqueue_depth{name=\"jobs\"} 1"));
  EXPECT_TRUE(HasLine(metrics.Text(), "workqueue_depth{name=\"jobs\"} 2"));
}

TEST(Metrics, CountFromManyThreadsWhileScraped) {
  Metrics metrics(false);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics, t] {
      for (int i = 0; i < 2'000; ++i) {
        metrics.Add(Metric::kPodsCreated, {});
        metrics.Add(Metric::kRestRequests, {std::to_string(i % 7), "POST"});
        metrics.Observe(Metric::kCycleDuration, {}, 0.001 * t);
        metrics.SetAll(Metric::kTenantShare, {{{std::to_string(i % 3)}, 1.0}});
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(metrics.Text().empty());
  for (std::thread& thread : threads) thread.join();
  const std::string text = metrics.Text();
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_pods_created_total 8000")) << text;
  EXPECT_TRUE(HasLine(text, "gpu_scheduler_cycle_duration_seconds_count 8000")) << text;
}

TEST(MetricsDeathTest, AWrongNumberOfLabelsIsABugOfOurs) {
  Metrics metrics(false);
  EXPECT_DEATH(metrics.Add(Metric::kCommits, {}), "values.size");
  EXPECT_DEATH(metrics.Add(Metric::kDrift, {}), "type == type");
}

TEST(Process, ItsBasicsAreThere) {
  Metrics metrics;
  const std::string text = metrics.Text();
  for (const char* name :
       {"process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_open_fds ",
        "process_start_time_seconds ", "process_max_fds ", "process_virtual_memory_bytes "}) {
    EXPECT_NE(text.find(std::string("\n") + name), std::string::npos) << name;
  }
  const auto sample = ReadProcess();
  ASSERT_TRUE(sample.has_value());
  EXPECT_GT(sample->resident_bytes, 1e6);
  EXPECT_GT(sample->open_fds, 2);
  EXPECT_GT(sample->start_unix_seconds, 1.6e9);
}

TEST(Process, AStatLineIsReadPastAnyName) {
  const auto stat = ParseStatLine(
      "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0 1 0 500 4096 12 18446744073709551615\n");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->cpu_ticks, 100);
  EXPECT_EQ(stat->start_ticks, 500);
  EXPECT_EQ(stat->virtual_bytes, 4096);
  EXPECT_EQ(stat->resident_pages, 12);
  EXPECT_FALSE(ParseStatLine("12 (a) S 1 2").has_value());
  EXPECT_FALSE(ParseStatLine("").has_value());
}

}  // namespace
}  // namespace muster::telemetry
