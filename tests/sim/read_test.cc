// Traces as they are published, and what is said about bad ones.
#include "muster/sim/read.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

using testing::kDevice;

base::Result<std::vector<Job>> Read(std::string_view text, const TraceShape& shape = {}) {
  return ReadJobs({"trace", text}, shape);
}

constexpr char kSwf[] =
    "; Version: 2.2\n"
    "; MaxProcs: 128\n"
    "\n"
    "  2  60 -1 100 4 -1 -1 8 3600 -1 1 7 1 -1 -1 -1 -1 -1\n"
    "  1   5 -1  50.75 2 -1 -1 -1 -1 -1 1 3 1 -1 -1 -1 -1 -1\n"
    "  3  70 -1  -1 4 -1 -1 4 3600 -1 5 7 1 -1 -1 -1 -1 -1\n";

std::int64_t Replicas(const Job& job) {
  std::int64_t replicas = 0;
  for (const Task& task : job.tasks) replicas += task.replicas;
  return replicas;
}

TEST(ReadSwf, JobsBySubmitWithTheirBounds) {
  const auto jobs = Read(kSwf);
  ASSERT_TRUE(jobs.ok()) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 2u);  // the third never ran
  const Job& first = (*jobs)[0];
  EXPECT_EQ(first.name, "job-0000001");
  EXPECT_EQ(first.submit.unix_ms, 5'000);
  EXPECT_EQ(first.run_ms, 50'000);
  EXPECT_EQ(first.bound_ms, 0);
  EXPECT_EQ(Devices(first, kDevice), 2);
  const Job& second = (*jobs)[1];
  EXPECT_EQ(Devices(second, kDevice), 8);
  EXPECT_EQ(Replicas(second), 8);
  EXPECT_EQ(second.bound_ms, 3'600'000);
  EXPECT_EQ(second.user, "user-7");
}

TEST(ReadSwf, AWrongFieldIsNamedWithItsPlace) {
  const auto jobs = Read("; x\n1 0 -1 50 2 -1 -1 two -1 -1 1 3\n");
  ASSERT_FALSE(jobs.ok());
  EXPECT_EQ(jobs.error().message, "trace:2:19: requested processors is not a number: \"two\"");
  EXPECT_EQ(Read("1 0 -1 50\n").error().message, "trace:1:10: allocated processors is missing");
}

TEST(ReadSwf, AJobNumberStandsForOneJob) {
  EXPECT_EQ(Read("7 0 -1 50 2 -1 -1 2 -1 -1 1 3\n 7 9 -1 50 2 -1 -1 2 -1 -1 1 3\n").error().message,
            "trace:2:2: this job number was there before");
}

constexpr char kPhilly[] =
    "# by hand\n"
    "vc,submit_s,num_gpus,duration_s\n"
    "east,0,1,100\n"
    "west,5,16,50\n"
    "west,3,20,70\n";

TEST(ReadPhilly, VirtualClustersAreTenantsAndLargeJobsAreReplicasOfWholeNodes) {
  const auto jobs = Read(kPhilly);
  ASSERT_TRUE(jobs.ok()) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 3u);
  EXPECT_EQ((*jobs)[0].tenant, "east");
  EXPECT_EQ(Devices((*jobs)[1], kDevice), 20);
  EXPECT_EQ(Replicas((*jobs)[1]), 3);
  EXPECT_EQ(Replicas((*jobs)[2]), 2);
  EXPECT_EQ(TenantsOf(*jobs).size(), 2u);
}

TEST(ReadPhilly, OneVirtualClusterAlone) {
  const auto jobs = Read(kPhilly, {.vc = "west"});
  ASSERT_TRUE(jobs.ok());
  EXPECT_EQ(jobs->size(), 2u);
}

TEST(ReadPhilly, BadLinesAreNamed) {
  EXPECT_EQ(Read("vc,submit_s,num_gpus\n").error().message,
            "trace:1:21: the first line names no column duration_s");
  EXPECT_EQ(Read("vc,submit_s,num_gpus,duration_s\na,1,0,5\n").error().message,
            "trace:2:5: num_gpus is 0, not from 1 to 1000000");
  EXPECT_EQ(Read("vc,submit_s,num_gpus,duration_s\na,1\n").error().message,
            "trace:2:4: duration_s is missing");
}

TEST(ReadJobs, WhatIsNoTraceIsRefused) {
  EXPECT_EQ(Read("").error().message, "trace:1:1: it has no jobs");
  EXPECT_EQ(Read("<html>\n").error().message,
            "trace:1:1: this is neither Standard Workload Format nor a CSV with a column vc");
}

TEST(ReadAll, PlainAndGzippedFilesReadTheSame) {
  const std::string path = ::testing::TempDir() + "muster-trace";
  std::ofstream(path) << kSwf;
  const gzFile file = gzopen((path + ".gz").c_str(), "wb");
  gzputs(file, kSwf);
  gzclose(file);
  EXPECT_EQ(*ReadAll(path), kSwf);
  EXPECT_EQ(*ReadAll(path + ".gz"), kSwf);
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".gz");
  EXPECT_EQ(ReadAll(path).error().code, base::Code::kNotFound);
}

}  // namespace
}  // namespace muster::sim
