#include "metrics_feed.h"

#include <cstdlib>
#include <optional>

#include "drift.h"
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using muster::testing::FaultKind;
using telemetry::HttpRequest;
using telemetry::Metric;

// A leader at work on one node of eight GPUs, and its feed.
class MetricsFeedTest : public testing::JobFixture {
 protected:
  MetricsFeedTest() {
    PutNode("n1", 8);
    feed_.AddChecks(endpoints_);
  }
  // The value of one series; nothing if it is not there.
  std::optional<double> Value(const std::string& series) {
    const std::string text = "\n" + metrics_.Text();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::atof(text.c_str() + at + 1 + series.size());
  }
  double Pushed(const std::string& series) {
    feed_.Push();
    return Value(series).value_or(-1);
  }
  std::string Ready() {
    feed_.Push();
    return endpoints_.Answer({"GET", "/readyz", "verbose"}).body;
  }
  static WatchState Pods(bool synced, const std::string& error) {
    WatchState pods{"pods", 1, {}};
    pods.stats.synced = synced;
    pods.stats.last_error = error;
    return pods;
  }

  std::vector<WatchState> watches_ = {Pods(true, "")};
  Role role_ = Role::kLeading;
  std::string leadership_ = "leading";
  telemetry::Metrics metrics_{false};
  telemetry::Endpoints endpoints_{metrics_};
  EventLoop loop_{clock_};
  kube::Client client_{api_.transport(), clock_, {}};
  kube::CountingTransport traffic_{api_.transport(), clock_, "list"};
  MetricsFeed feed_{metrics_,
                    {.state = &state_,
                     .jobs = &jobs_,
                     .scheduler = &scheduler_,
                     .client = &client_,
                     .traffic = {&traffic_},
                     .watches = [this] { return watches_; },
                     .role = [this] { return role_; },
                     .leadership = [this] { return leadership_; },
                     .loop = &loop_,
                     .lease_name = "lease"}};
};

TEST_F(MetricsFeedTest, WhatIsKnownToComeIsThereAtZero) {
  for (const char* series :
       {"gpu_scheduler_jobs_total{phase=\"Failed\"}",
        "gpu_scheduler_jobs_total{phase=\"Reserved\"}", "gpu_scheduler_config_refused",
        "gpu_scheduler_commits_total{result=\"error\"}",
        "gpu_scheduler_config_reloads_total{result=\"refused\"}",
        "gpu_scheduler_decode_drops_total{kind=\"Tenant\"}",
        "gpu_scheduler_preemptions_total{rule=\"Reclaim\"}",
        "gpu_scheduler_metric_series_dropped_total{metric=\"gpu_scheduler_queue_size\"}"}) {
    EXPECT_EQ(Value(series), 0) << series;
  }
}

TEST_F(MetricsFeedTest, WhatKeepsAReplicaFromLeadingShows) {
  role_ = Role::kProbing;
  leadership_ = "probing the fence: exceeded quota";
  EXPECT_NE(Ready().find("[+]leader ok: probing the fence: exceeded quota"), std::string::npos);
}

TEST(DescribeRole, SaysWhoLeadsAndWhatKeepsItFromLeading) {
  EXPECT_EQ(DescribeRole(Role::kLeading, "me", ""), "leading");
  EXPECT_EQ(DescribeRole(Role::kStandby, "", ""), "standby");
  EXPECT_EQ(DescribeRole(Role::kStandby, "other_1", ""), "standby, other_1 leads");
  EXPECT_EQ(DescribeRole(Role::kProbing, "me", "exceeded quota"),
            std::string(ToString(Role::kProbing)) + ": exceeded quota");
}

TEST_F(MetricsFeedTest, ARefusedConfigurationShowsUntilItIsMended) {
  feed_.NoteReload("line 1");
  EXPECT_EQ(Value("gpu_scheduler_config_refused"), 1);
  feed_.NoteReload("");
  EXPECT_EQ(Value("gpu_scheduler_config_refused"), 0);
}

TEST_F(MetricsFeedTest, CountsEveryPhaseAndOneCommitForASingleAndForAGang) {
  PutJob("single", 1, 1);
  PutJob("gang", 2, 1);
  Settle();
  EXPECT_EQ(Pushed("gpu_scheduler_commits_total{result=\"ok\"}"), 2);
  EXPECT_EQ(Value("gpu_scheduler_scheduling_latency_seconds_count"), 2);
  EXPECT_EQ(Value("gpu_scheduler_pods_created_total"), 3);
  EXPECT_EQ(Value("gpu_scheduler_jobs_total{phase=\"Scheduling\"}"), 1);
  RunPods("single");
  Settle();
  RunPods("gang");
  Settle();
  EXPECT_EQ(Pushed("gpu_scheduler_jobs_total{phase=\"Running\"}"), 2);
  EXPECT_EQ(Value("gpu_scheduler_jobs_total{phase=\"Succeeded\"}"), 0);
}

TEST_F(MetricsFeedTest, AConflictOfAnotherStatusWriteIsNoConflictOfACommit) {
  api_.Inject(
      {.method = "PATCH", .path = "*/jobs/large/status", .status = 409, .reason = "Conflict"});
  PutJob("large", 9, 1);  // nine GPUs are not there: it is told to wait
  Settle();
  for (int i = 0; i < 4; ++i) After(5);
  EXPECT_EQ(Status("large").phase, "Pending");
  EXPECT_EQ(Pushed("gpu_scheduler_commits_total{result=\"conflict\"}"), 0);
  EXPECT_EQ(Value("gpu_scheduler_jobs_total{phase=\"Pending\"}"), 1);
}

TEST_F(MetricsFeedTest, RefusedCommitsCountByWhatRefusedThem) {
  api_.Inject(
      {.method = "PATCH", .path = "*/jobs/gang/status", .status = 409, .reason = "Conflict"});
  api_.Inject({.method = "PATCH", .path = "*/jobs/gang/status", .kind = FaultKind::kNoAnswer});
  PutJob("gang", 2, 1);
  for (int i = 0; i < 4; ++i) {
    Settle();
    clock_.Advance(60'000);
  }
  EXPECT_EQ(Pushed("gpu_scheduler_commits_total{result=\"conflict\"}"), 1);
  EXPECT_EQ(Value("gpu_scheduler_commits_total{result=\"error\"}"), 1);
  EXPECT_EQ(Value("gpu_scheduler_commits_total{result=\"ok\"}"), 1);
}

TEST_F(MetricsFeedTest, GrowthOfARunningJobIsACommitButNoWait) {
  PutJob("gang", 3, 1, R"(,"gang":{"minMember":2})");
  PutNode("n1", 2);
  Settle();
  RunPods("gang");
  Settle();
  EXPECT_EQ(Pushed("gpu_scheduler_commits_total{result=\"ok\"}"), 1);
  PutNode("n1", 3);
  Settle();
  EXPECT_EQ(Pushed("gpu_scheduler_commits_total{result=\"ok\"}"), 2);
  EXPECT_EQ(Value("gpu_scheduler_scheduling_latency_seconds_count"), 1);
}

TEST_F(MetricsFeedTest, EveryCycleIsMeasured) {
  for (const char* name : {"a", "b", "c"}) {
    PutJob(name, 1, 1);
    Settle();
  }
  const double cycles = static_cast<double>(scheduler_.stats().cycles);
  EXPECT_GE(cycles, 3);
  EXPECT_EQ(Pushed("gpu_scheduler_cycle_duration_seconds_count"), cycles);
  EXPECT_EQ(Pushed("gpu_scheduler_cycle_duration_seconds_count"), cycles);
}

TEST_F(MetricsFeedTest, ObjectsThatCannotBeHandledCountByKindAndAreToldOnce) {
  Put("/api/v1/nodes/bad", R"({"status":{"allocatable":{"cpu":"many"}}})");
  PutOurs("tenants/bad", R"({"resourceQuota":{"gpu":"-1e99x"}})");
  Sync();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Pushed("gpu_scheduler_poison_objects{kind=\"Node\"}"), 1);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("Node bad"), std::string::npos) << log;
  EXPECT_NE(log.find("cpu"), std::string::npos) << log;
  EXPECT_EQ(Value("gpu_scheduler_poison_objects{kind=\"Tenant\"}"), 1);
  EXPECT_EQ(Value("gpu_scheduler_poison_objects{kind=\"Pod\"}"), 0);
  ::testing::internal::CaptureStderr();
  feed_.Push();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  RemoveObject("/api/v1/nodes/bad");
  Sync();
  EXPECT_EQ(Pushed("gpu_scheduler_poison_objects{kind=\"Node\"}"), 0);
}

TEST_F(MetricsFeedTest, RequestsOfClientsWatchesAndTheLeaseAddUp) {
  const std::vector<double>& buckets = telemetry::RowOf(Metric::kRestDuration).buckets;
  ASSERT_EQ(buckets.size(), kube::kLatencyBoundsMs.size());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    EXPECT_EQ(buckets[i] * 1000, static_cast<double>(kube::kLatencyBoundsMs[i]));
  }
  EXPECT_TRUE(client_.Do({.path = "/api/v1/nodes"}).ok());
  traffic_.Send({"GET", "/api/v1/nodes", "", ""}, [](const auto&) {});
  api_.Drain();
  EXPECT_EQ(Pushed("rest_client_requests_total{code=\"200\",method=\"GET\"}"), 2);
  EXPECT_EQ(Pushed("rest_client_requests_total{code=\"200\",method=\"GET\"}"), 2);
  EXPECT_EQ(Value("rest_client_request_duration_seconds_count{verb=\"list\"}"), 1);
  EXPECT_EQ(Value("rest_client_request_duration_seconds_count{verb=\"get\"}"), 1);
}

TEST_F(MetricsFeedTest, AWatchThatFailsForAMinuteMakesUnready) {
  EXPECT_NE(Ready().find("[+]caches ok"), std::string::npos);
  watches_ = {Pods(true, "connection refused")};
  EXPECT_NE(Ready().find("[+]caches ok"), std::string::npos);
  clock_.Advance(59'000);
  EXPECT_NE(Ready().find("[+]caches ok"), std::string::npos);
  clock_.Advance(2'000);
  EXPECT_NE(Ready().find("[-]caches failed: pods not current for 61 s: connection refused"),
            std::string::npos)
      << Ready();
  watches_ = {Pods(true, "")};
  EXPECT_NE(Ready().find("[+]caches ok"), std::string::npos);
}

class DriftTest : public MetricsFeedTest {
 protected:
  // A pod of ours that no placement covers.
  void PutStray() {
    PutJob("big", 20, 1);
    Settle();
    const std::string uid = Read<api::Job>(JobPath("big")).meta.uid;
    Put(std::string(kPodPath) + "big-main-0",
        R"({"metadata":{"labels":{"scheduler.io/attempt":"7","scheduler.io/task":"main",
            "scheduler.io/index":"0","scheduler.io/fenced":"true"},"ownerReferences":[{"apiVersion":"scheduler.io/v1",
            "kind":"Job","name":"big","uid":")" +
            uid + R"(","controller":true}]},"spec":{"containers":[]}})");
    Sync();
  }
  double Looked() {
    clock_.Advance(11'000);
    return Pushed("gpu_scheduler_drift");
  }
};

TEST_F(DriftTest, APodThatNobodyCommittedIsNamedOnceItWasSeenTwice) {
  PutStray();
  clock_.Advance(40'000);
  EXPECT_EQ(FindDrift(state_).size(), 1u);
  EXPECT_EQ(Looked(), 0);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Looked(), 1);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("team/big-main-0"), std::string::npos);
  EXPECT_NE(Ready().find("[-]drift failed: 1 differences, the first: pod team/big-main-0"),
            std::string::npos)
      << Ready();
  RemoveObject(std::string(kPodPath) + "big-main-0");
  Sync();
  EXPECT_EQ(Looked(), 0);
}

TEST_F(DriftTest, ACommittedPodThatIsNeverMadeIsADifference) {
  PutJob("gang", 2, 1);
  Settle();
  state::JobEntry* gang = state_.FindJob("team/gang");
  ASSERT_TRUE(gang != nullptr && gang->slots.size() == 2);
  EXPECT_TRUE(FindDrift(state_).empty());
  clock_.Advance(40'000);
  EXPECT_TRUE(FindDrift(state_).empty());
  gang->slots[1].seen = false;  // as if its pod had been forgotten
  gang->placement->state = api::PlacementState::kCommitted;
  const std::string pod = PodsOf("gang").at(1);
  EXPECT_EQ(FindDrift(state_), std::set<std::string>{"pod team/" + pod + " is missing"});
  gang->ledger.creates[pod] = {};
  EXPECT_TRUE(FindDrift(state_).empty());
}

TEST_F(DriftTest, ANodeThatCountsWhatNobodyTakesIsADifference) {
  PutJob("one", 1, 4);
  Settle();
  ASSERT_TRUE(FindDrift(state_).empty());
  sched::Occupant leak;
  leak.key = "leak";
  leak.node = "n1";
  leak.amounts = {{"memory", 1024}, {"nvidia.com/gpu", 6}};  // with the pod more than there is
  state_.world().SetOccupant(leak);
  const std::string where = " against its pods and what is committed";
  EXPECT_EQ(FindDrift(state_),
            std::set<std::string>{"node n1 counts +1Gi memory, +6 nvidia.com/gpu" + where});
  state_.world().RemoveOccupant("leak");
  EXPECT_TRUE(FindDrift(state_).empty());
  for (auto& [key, job] : state_.jobs()) job.committed["none"] = {"n1", {{"nvidia.com/gpu", 2}}};
  EXPECT_EQ(FindDrift(state_), std::set<std::string>{"node n1 counts -2 nvidia.com/gpu" + where});
  for (auto& [key, job] : state_.jobs()) job.committed.erase("none");
}

TEST_F(DriftTest, WhatIsPromisedAndHasNotShownIsNone) {
  // All but its dry run.
  api_.Inject({.method = "POST", .path = "*/pods", .status = 500, .times = 1'000, .skip = 1});
  PutJob("gang", 2, 4);
  Settle();
  ASSERT_EQ(FreeGpus("n1"), 0);
  EXPECT_TRUE(PodsOf("gang").empty());
  EXPECT_TRUE(FindDrift(state_).empty());
}

TEST_F(DriftTest, NothingIsJudgedByWatchesThatLag) {
  PutStray();
  clock_.Advance(40'000);
  ASSERT_EQ(FindDrift(state_).size(), 1u);
  watches_ = {Pods(true, "connection refused")};
  Looked();
  EXPECT_FALSE(Value("gpu_scheduler_drift").has_value());
  watches_ = {Pods(false, "")};
  Looked();
  EXPECT_FALSE(Value("gpu_scheduler_drift").has_value());
}

}  // namespace
}  // namespace muster::op
