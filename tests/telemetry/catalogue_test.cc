#include "muster/telemetry/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace muster::telemetry {
namespace {

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

TEST(Catalogue, TheCheckedInPageIsTheGeneratedOne) {
  std::ifstream file(std::string(MUSTER_SOURCE_DIR) + "/docs/metrics.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(page, ReferenceMarkdown())
      << "build the target metrics_reference and write its output there";
}

TEST(Catalogue, HasEveryMetricOnce) {
  std::set<std::string_view> names;
  for (const MetricRow& row : Catalogue()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(&RowOf(row.id), &row);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Metric::kMaxFds) + 1);
}

// The names that people already build dashboards on.
TEST(Catalogue, HasThePromisedNames) {
  for (const std::string_view name :
       {"gpu_scheduler_jobs_total", "gpu_scheduler_queue_size", "gpu_scheduler_gpu_utilization",
        "gpu_scheduler_scheduling_latency_seconds", "gpu_scheduler_preemptions_total",
        "controller_runtime_reconcile_total", "workqueue_depth", "rest_client_requests_total",
        "leader_election_master_status"}) {
    const auto& rows = Catalogue();
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [name](const MetricRow& row) {
      return row.name == name;
    })) << name;
  }
}

TEST(Catalogue, NamesSayTypeAndUnit) {
  for (const MetricRow& row : Catalogue()) {
    EXPECT_EQ(row.type == Type::kCounter, EndsWith(row.name, "_total")) << row.name;
    EXPECT_EQ(row.type == Type::kHistogram, !row.buckets.empty()) << row.name;
    EXPECT_TRUE(std::is_sorted(row.buckets.begin(), row.buckets.end())) << row.name;
    if (row.type == Type::kHistogram) {
      EXPECT_TRUE(EndsWith(row.name, "_seconds")) << row.name;
    }
    EXPECT_TRUE(EndsWith(row.help, ".")) << row.name;
  }
}

TEST(Catalogue, NoSeriesIsLabelledByAnObject) {
  const std::set<std::string_view> forbidden = {"job", "uid", "pod", "node", "namespace", "user"};
  for (const MetricRow& row : Catalogue()) {
    for (const std::string_view label : row.labels) {
      EXPECT_EQ(forbidden.count(label), 0u) << row.name << " by " << label;
    }
  }
}

}  // namespace
}  // namespace muster::telemetry
