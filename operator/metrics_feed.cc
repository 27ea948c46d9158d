#include "metrics_feed.h"

#include <algorithm>

#include "muster/api/codec.h"

namespace muster::op {
namespace {

using telemetry::Metric;

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
    : metrics_(metrics), from_(std::move(sources)), cluster_(metrics, *from_.state) {}

void MetricsFeed::Push() {
  PushJobs();
  if (from_.leadership->role() == Role::kLeading) {
    cluster_.Push();
  } else {
    cluster_.Clear();
  }
  metrics_.Set(Metric::kQueueDepth, {"owner"}, static_cast<double>(from_.loop->depth()));
  PushClient();
  PushReady();
}

void MetricsFeed::StepDown() {
  cluster_.Clear();
  metrics_.Set(Metric::kLeader, {from_.lease_name}, 0);
}

void MetricsFeed::NoteReload(const std::string& refusal) {
  metrics_.Add(Metric::kConfigReloads, {refusal.empty() ? "ok" : "refused"});
  base::Lock lock(mutex_);
  config_.detail = refusal.empty() ? "" : "the file is refused, the old settings stay: " + refusal;
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
  endpoints.AddReadyCheck("config", [this] {
    base::Lock lock(mutex_);
    return config_;
  });
}

}  // namespace muster::op
