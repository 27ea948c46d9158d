// Drawn workloads have what the model says, and are read back as they were drawn.
#include "muster/sim/generate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "muster/sim/read.h"

namespace muster::sim {
namespace {

std::vector<Job> Draw(const Model& model) {
  auto jobs = ReadJobs({"generated", Generate(model)}, {});
  EXPECT_TRUE(jobs.ok()) << jobs.error().message;
  return *jobs;
}

TEST(Generate, TheSameSeedIsTheSameWorkload) {
  Model model;
  model.jobs = 100;
  const std::string first = Generate(model);
  EXPECT_EQ(Generate(model), first);
  model.seed = 2;
  EXPECT_NE(Generate(model), first);
}

TEST(Generate, SizesAreThoseOfTheModel) {
  Model model;
  model.processors = 256;
  double serial = 0, powers = 0;
  std::int64_t largest = 0;
  const std::vector<Job> jobs = Draw(model);
  ASSERT_EQ(jobs.size(), 10'000U);
  for (const Job& job : jobs) {
    const std::int64_t size = job.tasks[0].replicas;
    largest = std::max(largest, size);
    serial += size == 1 ? 1 : 0;
    powers += size > 1 && (size & (size - 1)) == 0 ? 1 : 0;
  }
  EXPECT_NEAR(serial / 10'000, 0.244, 0.02);
  EXPECT_GT(powers / (10'000 - serial), 0.576);  // some are so by chance
  EXPECT_GT(largest, 128);
  EXPECT_LE(largest, 256);
}

TEST(Generate, LargerJobsAreLonger) {
  double small = 0, large = 0, smalls = 0, larges = 0;
  for (const Job& job : Draw({})) {
    const bool is_large = job.tasks[0].replicas >= 32;
    (is_large ? large : small) += static_cast<double>(job.run_ms) / 1000;
    (is_large ? larges : smalls) += 1;
  }
  EXPECT_GT(large / larges, 1.2 * (small / smalls));
}

TEST(Generate, ArrivalsHaveADayAndANight) {
  std::map<std::int64_t, double> by_hour;
  for (const Job& job : Draw({})) by_hour[job.submit.unix_ms / 3'600'000 % 24] += 1;
  double most = 0, least = 10'000;
  for (const auto& [hour, count] : by_hour) {
    most = std::max(most, count);
    least = std::min(least, count);
  }
  EXPECT_GT(most, 4 * least);
}

TEST(Generate, TheLoadIsWhatIsAskedFor) {
  Model model;
  model.load_per_mille = 850;
  double area = 0;
  const std::vector<Job> jobs = Draw(model);
  for (const Job& job : jobs) area += static_cast<double>(job.run_ms * job.tasks[0].replicas);
  const auto span = static_cast<double>(jobs.back().submit.unix_ms - jobs.front().submit.unix_ms);
  EXPECT_NEAR(area / (128 * span), 0.85, 0.001);
}

TEST(Generate, ModalEstimatesAreRoundAndNeverTooShort) {
  Model model;
  model.estimates = Estimates::kModal;
  std::map<std::int64_t, double> counts;
  for (const Job& job : Draw(model)) {
    EXPECT_GE(job.bound_ms, job.run_ms);
    counts[job.bound_ms / 1000] += 1;
  }
  std::vector<double> sorted;
  for (const auto& [value, count] : counts) sorted.push_back(count);
  std::sort(sorted.rbegin(), sorted.rend());
  double popular = 0;
  for (std::size_t i = 0; i < 20; ++i) popular += sorted[i];
  EXPECT_NEAR(popular / 10'000, 0.9, 0.05);
  EXPECT_GE(counts[48 * 3600] / 10'000, 0.15);
}

}  // namespace
}  // namespace muster::sim
