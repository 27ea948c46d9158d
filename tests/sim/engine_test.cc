// Time, places and progress of simulated jobs.
#include "muster/sim/engine.h"

#include <gtest/gtest.h>

#include "muster/sim/report.h"
#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

using testing::MakeJob;
using testing::MakeWorkload;

History Go(const Workload& workload) { return Simulate(workload, sched::Policy{}); }

TEST(Engine, AJobStartsWhenThePlaceIsFreeAndRunsItsTime) {
  const History run = Go(MakeWorkload(
      1, {MakeJob("first", 0, 100, 8), MakeJob("second", 10, 50, 4), MakeJob("third", 20, 30, 4)}));
  EXPECT_EQ(run.outcomes[0].end_ms, 100'000);
  EXPECT_EQ(run.outcomes[1].first_start_ms, 100'000);
  EXPECT_EQ(run.outcomes[1].end_ms, 150'000);
  EXPECT_EQ(run.outcomes[2].end_ms, 130'000);
}

TEST(Engine, AGangTakesAllItsPlacesAtOnce) {
  const History run =
      Go(MakeWorkload(2, {MakeJob("small", 0, 100, 1), MakeJob("gang", 1, 10, 8, /*replicas=*/2)}));
  EXPECT_EQ(run.outcomes[1].first_start_ms, 100'000);
  ASSERT_EQ(run.levels.back().used, 0);
  for (const Level& level : run.levels) EXPECT_LE(level.used, 16);
}

TEST(Engine, ABoundEndsAJobThatRunsLonger) {
  Job job = MakeJob("long", 5, 100, 1);
  job.bound_ms = 60'000;
  const History run = Go(MakeWorkload(1, {job}));
  EXPECT_EQ(run.outcomes[0].end_ms, 65'000);
  EXPECT_TRUE(run.outcomes[0].killed);
}

TEST(Engine, WhatAnEvictedJobDidSinceItsCheckpointIsDoneAgainAfterItsRestart) {
  Job low = MakeJob("low", 0, 1'000, 8);
  low.priority = 250;
  low.checkpoint_ms = 300'000;
  low.restart_ms = 20'000;
  Job high = MakeJob("high", 700, 100, 8);
  high.priority = 750;
  const History run = Go(MakeWorkload(1, {low, high}));
  // Asked to leave at 700 s, gone 30 s of grace later with 600 s kept and 130 s lost.
  EXPECT_EQ(run.outcomes[1].first_start_ms, 730'000);
  EXPECT_EQ(run.outcomes[0].evictions, 1);
  EXPECT_EQ(run.outcomes[0].lost_ms, 130'000);
  EXPECT_EQ(run.outcomes[0].restart_ms, 20'000);
  EXPECT_EQ(run.outcomes[0].end_ms, 830'000 + 20'000 + 400'000);
}

TEST(Engine, AJobThatHasHadItsHourOfServiceMakesRoomForOneThatHasHadNone) {
  Job old = MakeJob("old", 0, 1'000, 8);
  old.checkpoint_ms = 60'000;
  Job fresh = old;
  fresh.name = "fresh";
  fresh.submit = {100'000};
  const History run = Go(MakeWorkload(1, {old, fresh}));
  // Eight devices have had an hour after 450 s; the fresh one then goes the same way.
  EXPECT_EQ(run.outcomes[1].first_start_ms, 480'000);
  EXPECT_EQ(run.outcomes[0].evictions, 1);
  EXPECT_EQ(run.outcomes[1].evictions, 0);
  EXPECT_EQ(run.outcomes[1].end_ms, 1'480'000);
  EXPECT_EQ(run.outcomes[0].end_ms, 1'480'000 + 520'000);
}

TEST(Engine, AJobThatEndsWithinItsGraceHasEnded) {
  Job low = MakeJob("low", 0, 710, 8);
  low.priority = 250;
  Job high = MakeJob("high", 700, 100, 8);
  high.priority = 750;
  const History run = Go(MakeWorkload(1, {low, high}));
  EXPECT_EQ(run.outcomes[0].end_ms, 710'000);
  EXPECT_EQ(run.outcomes[0].evictions, 0);
  EXPECT_EQ(run.outcomes[1].first_start_ms, 710'000);
}

TEST(Engine, AGangThatStartsWithFewerReplicasTakesLongerInProportion) {
  Job elastic = MakeJob("elastic", 1, 100, 4, /*replicas=*/4);
  elastic.min_replicas = 2;
  const History run = Go(MakeWorkload(2, {MakeJob("busy", 0, 1'000, 8), elastic}));
  EXPECT_EQ(run.outcomes[1].first_start_ms, 1'000);
  EXPECT_EQ(run.outcomes[1].end_ms, 201'000);
  EXPECT_EQ(run.levels.back().used, 0);
}

TEST(Engine, EveryStartIsKeptWithItsNodesUntilItsPlacesAreFree) {
  const History run = Go(
      MakeWorkload(2, {MakeJob("first", 0, 100, 8, /*replicas=*/2), MakeJob("second", 10, 50, 4)}));
  ASSERT_EQ(run.stays.size(), 2u);
  EXPECT_EQ(run.stays[0].end_ms, 100'000);
  EXPECT_EQ(run.stays[0].devices, 16);
  EXPECT_EQ(run.stays[0].nodes.size(), 2u);
  EXPECT_EQ(run.stays[1].job, 1u);
  EXPECT_EQ(run.stays[1].begin_ms, 100'000);
}

TEST(Engine, WhatCanNeverStartEndsTheRunAndSaysWhy) {
  const History run = Go(MakeWorkload(1, {MakeJob("fits", 0, 10, 8), MakeJob("large", 0, 10, 9)}));
  EXPECT_EQ(run.outcomes[0].end_ms, 10'000);
  EXPECT_EQ(run.outcomes[1].end_ms, -1);
  EXPECT_FALSE(run.outcomes[1].why.empty());
}

TEST(Engine, TheSameWorkloadGivesTheSameEvents) {
  std::vector<Job> jobs;
  for (int i = 0; i < 200; ++i) {
    Job job = MakeJob("job-" + std::to_string(1000 + i), i * 7 % 400, 20 + i * 13 % 300,
                      1 + i * 5 % 8, 1 + i % 3);
    job.tenant = i % 2 == 0 ? "a" : "b";
    job.priority = i % 5 == 0 ? 750 : 500;
    jobs.push_back(job);
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const Job& a, const Job& b) { return a.submit < b.submit; });
  const Workload workload = MakeWorkload(4, jobs);
  const History once = Go(workload);
  EXPECT_EQ(EventLog(workload, once), EventLog(workload, Go(workload)));
  for (const Level& level : once.levels) EXPECT_LE(level.used, 32);
  for (const Outcome& outcome : once.outcomes) EXPECT_GE(outcome.end_ms, 0);
}

}  // namespace
}  // namespace muster::sim
