// What the operator knows, as metrics and readiness: collected on the owner thread once a second,
// read by the HTTP server's thread.
//
// Threads: Push on the owner thread; Ready from any.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster_gauges.h"
#include "controllers/job/reconciler.h"
#include "drift.h"
#include "leadership.h"
#include "muster/base/mutex.h"
#include "muster/kube/counting_transport.h"
#include "muster/telemetry/endpoints.h"
#include "scheduler_loop.h"

namespace muster::op {

// Everything that is looked at; all outlive the feed.
struct FeedSources {
  const state::ClusterState* state = nullptr;
  JobReconciler* jobs = nullptr;
  SchedulerLoop* scheduler = nullptr;
  const kube::Client* client = nullptr;
  std::vector<const kube::CountingTransport*> traffic;  // besides the client's
  std::function<std::vector<WatchState>()> watches;
  std::function<Role()> role;
  std::function<std::string()> leadership;  // for people
  const EventLoop* loop = nullptr;
  std::string lease_name;
};

class MetricsFeed {
 public:
  MetricsFeed(telemetry::Metrics& metrics, FeedSources sources);

  void Push();
  // The process decides nothing any more: what only a leader shows is taken back at once.
  void StepDown();
  // A changed configuration file was taken, or (`refusal`) why not: counted, and shown by /readyz
  // for as long as it lasts.
  void NoteReload(const std::string& refusal);
  // Registers /healthz and /readyz checks.
  void AddChecks(telemetry::Endpoints& endpoints);

 private:
  void PushJobs();
  void PushCycles();
  void PushRequests();
  void PushReady();
  void PushVerb(const std::string& verb, const kube::VerbStats& now, kube::VerbStats& before);
  telemetry::CheckResult CachesCheck(std::int64_t boot_ms);
  bool CachesCurrent() const;

  telemetry::Metrics& metrics_;
  FeedSources from_;
  ClusterGauges cluster_;
  DriftCheck drift_;
  JobCounters last_jobs_;
  CycleStats last_cycles_;
  kube::RequestStats last_requests_;
  std::map<std::string, std::int64_t, std::less<>> last_drops_;  // by kind
  std::map<std::string, std::int64_t> failing_since_ms_;         // by watch

  struct Board {
    telemetry::CheckResult caches{false, "not listed yet"};
    telemetry::CheckResult leader{true, "standby"};
    telemetry::CheckResult drift{true, ""};
    std::int64_t pushed_ms = 0;  // BootMs of the last Push: the owner thread is alive
  };
  mutable base::Mutex mutex_;
  Board board_ GUARDED_BY(mutex_);
  telemetry::CheckResult config_ GUARDED_BY(mutex_);  // always ok: the old settings stay
};

}  // namespace muster::op
