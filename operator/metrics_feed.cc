#include "metrics_feed.h"

#include <algorithm>
#include <map>

#include "muster/api/codec.h"
#include "muster/state/amounts.h"

namespace muster::op {
namespace {

using telemetry::Metric;
using telemetry::Sample;

constexpr std::int64_t kStuckMs = 30'000;  // without a turn of the owner thread
constexpr std::int64_t kDriftPeriodMs = 10'000;
constexpr std::int64_t kDriftAgeMs = 30'000;  // younger differences are simply on their way

std::string MethodOf(kube::Verb verb) {
  switch (verb) {
    case kube::Verb::kGet:
      return "GET";
    case kube::Verb::kCreate:
      return "POST";
    case kube::Verb::kUpdate:
      return "PUT";
    case kube::Verb::kDelete:
      return "DELETE";
    default:
      return "PATCH";
  }
}

}  // namespace

MetricsFeed::MetricsFeed(telemetry::Metrics& metrics, FeedSources sources)
    : metrics_(metrics), from_(std::move(sources)) {}

void MetricsFeed::Push() {
  PushJobs();
  PushQueue();
  PushTenants();
  PushGpus();
  PushClient();
  PushReady();
}

void MetricsFeed::CountReload(bool ok) {
  metrics_.Add(Metric::kConfigReloads, {ok ? "ok" : "refused"});
}

void MetricsFeed::PushJobs() {
  const JobCounters now = from_.jobs->counters();
  const auto add = [&](Metric metric, telemetry::LabelValues labels, std::int64_t delta) {
    if (delta > 0) metrics_.Add(metric, labels, static_cast<double>(delta));
  };
  add(Metric::kCommits, {"ok"}, now.commits - last_jobs_.commits);
  add(Metric::kCommits, {"conflict"}, now.commit_conflicts - last_jobs_.commit_conflicts);
  add(Metric::kPodsCreated, {}, now.pods_created - last_jobs_.pods_created);
  add(Metric::kPodsDeleted, {}, now.pods_deleted - last_jobs_.pods_deleted);
  const char* phases[] = {"Succeeded", "Failed", "Cancelled"};
  for (int i = 0; i < 3; ++i) {
    add(Metric::kJobs, {phases[i]}, now.finished[i] - last_jobs_.finished[i]);
  }
  add(Metric::kJobs, {"Running"}, now.running - last_jobs_.running);
  for (const std::int64_t wait_ms : from_.jobs->TakeWaits()) {
    metrics_.Observe(Metric::kSchedulingLatency, {}, static_cast<double>(wait_ms) / 1000.0);
  }
  last_jobs_ = now;

  const CycleStats cycles = from_.scheduler->stats();
  add(Metric::kPreemptions, {"Reclaim"}, cycles.evictions_reclaim - last_cycles_.evictions_reclaim);
  add(Metric::kPreemptions, {"Priority"},
      cycles.evictions_priority - last_cycles_.evictions_priority);
  if (cycles.cycles != last_cycles_.cycles) {
    metrics_.Observe(Metric::kCycleDuration, {}, static_cast<double>(cycles.last_micros) / 1e6);
  }
  last_cycles_ = cycles;
}

void MetricsFeed::PushQueue() {
  std::map<std::string, std::int64_t> by_reason;
  std::map<std::string, std::int64_t> by_tenant;
  std::map<std::string, std::int64_t> oldest;
  const std::int64_t now = from_.state->clock().Now().unix_ms;
  std::int64_t poison = 0;
  for (const auto& [key, entry] : from_.state->jobs()) {
    if (!entry.job.invalid.empty()) ++poison;
    const api::JobStatus& status = entry.job.status;
    if (entry.placement || api::Finished(status)) continue;
    const std::string reason = status.reason.empty() ? "PendingEvaluation" : status.reason;
    ++by_reason[reason];
    ++by_tenant[from_.state->TenantOf(entry.job.meta.ns)];
    const std::int64_t since = status.pending_since.unix_ms != 0 ? status.pending_since.unix_ms
                                                                 : entry.job.meta.created.unix_ms;
    oldest[reason] = std::max(oldest[reason], (now - since) / 1000);
  }
  const auto samples = [](const std::map<std::string, std::int64_t>& values) {
    std::vector<Sample> all;
    all.reserve(values.size());
    for (const auto& [label, value] : values) all.push_back({{label}, static_cast<double>(value)});
    return all;
  };
  metrics_.SetAll(Metric::kPendingJobs, samples(by_reason));
  metrics_.SetAll(Metric::kQueueSize, samples(by_tenant));
  metrics_.SetAll(Metric::kOldestPending, samples(oldest));
  metrics_.SetAll(Metric::kPoisonObjects, {{{"Job"}, static_cast<double>(poison)}});
  metrics_.Set(Metric::kQueueDepth, {"owner"}, static_cast<double>(from_.loop->depth()));
}

void MetricsFeed::PushTenants() {
  std::vector<Sample> gpus;
  std::vector<Sample> shares;
  const std::string& gpu = from_.state->options().gpu_resource;
  for (const auto& [name, tenant] : from_.state->tenants()) {
    const sched::UsageView usage = from_.state->world().TenantUsage(name);
    gpus.push_back({{name}, static_cast<double>(state::AmountOf(usage.used, gpu))});
    shares.push_back({{name}, static_cast<double>(usage.share_q16) / 65536.0});
  }
  metrics_.SetAll(Metric::kTenantGpusUsed, gpus);
  metrics_.SetAll(Metric::kTenantShare, shares);
}

void MetricsFeed::PushGpus() {
  const std::string& gpu = from_.state->options().gpu_resource;
  std::int64_t capacity = 0;
  std::int64_t free = 0;
  std::int64_t over = 0;
  for (const auto& [name, node] : from_.state->nodes()) {
    const auto left = from_.state->world().FreeOn(name);
    if (left) {
      const bool negative = std::any_of(left->begin(), left->end(),
                                        [](const auto& amount) { return amount.second < 0; });
      if (negative) ++over;
    }
    if (!node.ready || node.unschedulable) continue;
    const auto it = node.allocatable.find(gpu);
    if (it == node.allocatable.end()) continue;
    capacity += it->second;
    if (left) free += std::max<std::int64_t>(0, state::AmountOf(*left, gpu));
  }
  metrics_.Set(Metric::kGpus, {"capacity"}, static_cast<double>(capacity));
  metrics_.Set(Metric::kGpus, {"free"}, static_cast<double>(free));
  metrics_.Set(Metric::kGpus, {"used"}, static_cast<double>(capacity - free));
  metrics_.Set(
      Metric::kGpuUtilization, {},
      capacity == 0 ? 0.0 : static_cast<double>(capacity - free) / static_cast<double>(capacity));
  metrics_.Set(Metric::kOvercommittedNodes, {}, static_cast<double>(over));
}

void MetricsFeed::PushClient() {
  const kube::ClientStats now = from_.client->stats();
  for (const auto& [verb, stats] : now.verbs) {
    const kube::VerbStats& before = last_client_.verbs[verb];
    for (const auto& [status, count] : stats.by_status) {
      const auto it = before.by_status.find(status);
      const std::int64_t delta = count - (it == before.by_status.end() ? 0 : it->second);
      if (delta <= 0) continue;
      const std::string code = status == 0 ? "<error>" : std::to_string(status);
      metrics_.Add(Metric::kRestRequests, {code, MethodOf(verb)}, static_cast<double>(delta));
    }
    for (std::size_t i = 0; i < stats.latency.size(); ++i) {
      const std::int64_t delta = stats.latency[i] - before.latency[i];
      const std::int64_t bound = kube::kLatencyBoundsMs[std::min(i, stats.latency.size() - 2)];
      for (std::int64_t n = 0; n < std::min<std::int64_t>(delta, 10'000); ++n) {
        metrics_.Observe(Metric::kRestDuration, {std::string(kube::ToString(verb))},
                         static_cast<double>(bound) / 1000.0);
      }
    }
  }
  last_client_ = now;
  const std::int64_t drops = api::DecodeDrops();
  if (drops > decode_drops_) {
    metrics_.Add(Metric::kDecodeDrops, {"all"}, static_cast<double>(drops - decode_drops_));
  }
  decode_drops_ = drops;
}

// Pods of ours that no placement covers and that nobody is deleting.
std::int64_t MetricsFeed::CountDrift() const {
  std::int64_t drift = 0;
  const std::int64_t now = from_.state->clock().Now().unix_ms;
  for (const auto& [key, pod] : from_.state->pods()) {
    if (pod.slot.attempt == 0 || pod.pod.terminal() || pod.pod.meta.deletion.unix_ms != 0) continue;
    if (now - pod.pod.meta.created.unix_ms < kDriftAgeMs) continue;
    const state::JobEntry* job = from_.state->FindJobByUid(state::OwnerJobUid(pod.pod));
    if (job == nullptr) continue;  // deleted: the garbage collector's work
    if (!job->placement || job->placement->attempt != pod.slot.attempt) ++drift;
  }
  return drift;
}

void MetricsFeed::PushReady() {
  Board board;
  board.pushed_ms = from_.state->clock().BootMs();
  for (const WatchState& watch : from_.watches->states()) {
    if (watch.lists > 0) continue;
    board.caches = {false, watch.plural + " not listed yet: " + watch.stats.last_error};
  }
  if (from_.watches->AllSynced()) board.caches = {true, ""};
  const Role role = from_.leadership->role();
  board.leader = {true, std::string(ToString(role))};
  metrics_.Set(Metric::kLeader, {from_.lease_name}, role == Role::kStandby ? 0 : 1);
  if (role == Role::kLeading && board.pushed_ms >= next_drift_ms_) {
    next_drift_ms_ = board.pushed_ms + kDriftPeriodMs;
    const std::int64_t now = CountDrift();
    drift_ = std::min(now, drift_before_);  // twice in a row
    drift_before_ = now;
    metrics_.Set(Metric::kDrift, {}, static_cast<double>(drift_));
  }
  if (drift_ > 0) board.drift = {false, std::to_string(drift_) + " pods nobody committed"};
  base::Lock lock(mutex_);
  board_ = board;
}

void MetricsFeed::AddChecks(telemetry::Endpoints& endpoints) {
  const base::Clock* clock = &from_.state->clock();
  endpoints.AddLiveCheck("owner-thread", [this, clock] {
    base::Lock lock(mutex_);
    const std::int64_t age = clock->BootMs() - board_.pushed_ms;
    if (board_.pushed_ms == 0 || age < kStuckMs) return telemetry::CheckResult{};
    return telemetry::CheckResult{false, "no turn for " + std::to_string(age / 1000) + " s"};
  });
  endpoints.AddReadyCheck("caches", [this] {
    base::Lock lock(mutex_);
    return board_.caches;
  });
  endpoints.AddReadyCheck("leader", [this] {
    base::Lock lock(mutex_);
    return board_.leader;
  });
  endpoints.AddReadyCheck("drift", [this] {
    base::Lock lock(mutex_);
    return board_.drift;
  });
}

}  // namespace muster::op
