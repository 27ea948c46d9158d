// The reference schedulers give the figures that were published with the trace, every one of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "muster/base/text.h"
#include "reference/backfill.h"

namespace muster::reference {
namespace {

using Line = std::vector<std::string>;

std::vector<Line> ReadCsv(const std::string& file) {
  std::ifstream in(std::string(MUSTER_SOURCE_DIR) + "/benchmarks/traces/philly/" + file);
  std::vector<Line> lines;
  std::string line;
  std::getline(in, line);  // the header
  while (std::getline(in, line)) {
    const auto fields = base::Split(line, ',');
    lines.emplace_back(fields.begin(), fields.end());
  }
  return lines;
}

std::map<std::string, std::vector<PoolJob>> Clusters() {
  std::map<std::string, std::vector<PoolJob>> clusters;
  for (const Line& line : ReadCsv("philly_gavel_vc.csv")) {
    clusters[line[0]].push_back({std::stoll(line[1]), std::stoll(line[3]), std::stoll(line[2])});
  }
  return clusters;
}

Order OrderOf(const std::string& policy) {
  if (policy.starts_with("fcfs")) return Order::kFirstCome;
  return policy.starts_with("sjf") ? Order::kShortest : Order::kSmallestArea;
}

Ahead AheadOf(const std::string& policy) {
  if (policy.ends_with("strict")) return Ahead::kStrict;
  return policy.ends_with("easy") ? Ahead::kEasy : Ahead::kGreedy;
}

std::string Rounded(double value, int decimals = 0) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

// Average, median and p99 wait, average completion, average bounded slowdown, makespan.
Line Figures(const std::vector<PoolJob>& jobs, const std::vector<std::int64_t>& starts) {
  std::vector<std::int64_t> waits;
  double wait = 0, completion = 0, slowdown = 0;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_GE(starts[i], jobs[i].submit_s);
    const auto run = static_cast<double>(jobs[i].run_s);
    const auto turn = static_cast<double>(starts[i] + jobs[i].run_s - jobs[i].submit_s);
    waits.push_back(starts[i] - jobs[i].submit_s);
    wait += turn - run;
    completion += turn;
    slowdown += std::max(1.0, turn / std::max(10.0, run));
    last = std::max(last, starts[i] + jobs[i].run_s);
  }
  std::sort(waits.begin(), waits.end());
  const std::size_t n = jobs.size();
  const auto count = static_cast<double>(n);
  return {Rounded(wait / count),
          std::to_string(waits[n / 2]),
          std::to_string(waits[n * 99 / 100]),
          Rounded(completion / count),
          Rounded(slowdown / count, 2),
          std::to_string(last)};
}

TEST(BackfillReference, GivesThePublishedFigures) {
  const auto clusters = Clusters();
  const std::vector<Line> published = ReadCsv("reference_counts_only.csv");
  ASSERT_EQ(published.size(), 54u);
  for (const Line& line : published) {
    const std::vector<PoolJob>& jobs = clusters.at(line[0]);
    const auto starts = RunPool(jobs, std::stoll(line[1]), OrderOf(line[2]), AheadOf(line[2]));
    const Line expected = {line[3], line[4], line[5], line[6], line[7], line[9]};
    EXPECT_EQ(Figures(jobs, starts), expected) << line[0] << " " << line[1] << " " << line[2];
  }
}

TEST(BackfillReference, WhatIsLargerThanThePoolNeverStarts) {
  EXPECT_EQ(RunPool({{0, 5, 3}, {0, 5, 2}}, 2, Order::kFirstCome, Ahead::kEasy),
            (std::vector<std::int64_t>{-1, 0}));
}

}  // namespace
}  // namespace muster::reference
