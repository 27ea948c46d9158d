#include "metrics_feed.h"

#include <algorithm>
#include <utility>

#include "muster/api/codec.h"

namespace muster::op {
namespace {

using telemetry::Metric;

constexpr std::int64_t kStuckMs = 30'000;    // without a turn of the owner thread
constexpr std::int64_t kFailingMs = 60'000;  // a watch that fails for so long makes us unready

const char* MethodOf(std::string_view verb) {
  if (verb == "get" || verb == "list" || verb == "watch") return "GET";
  if (verb == "create") return "POST";
  return verb == "delete" ? "DELETE" : "PATCH";
}

void Merge(kube::RequestStats& into, const std::string& verb, const kube::VerbStats& more) {
  kube::VerbStats& sum = into[verb];
  for (const auto& [status, count] : more.by_status) sum.by_status[status] += count;
  for (std::size_t i = 0; i < more.latency.size(); ++i) sum.latency[i] += more.latency[i];
  sum.latency_sum_ms += more.latency_sum_ms;
}

}  // namespace

MetricsFeed::MetricsFeed(telemetry::Metrics& metrics, FeedSources sources)
    : metrics_(metrics),
      from_(std::move(sources)),
      cluster_(metrics, *from_.state),
      drift_(metrics, *from_.state) {
  // What is known to come is there from the start: increase() needs a value before the first one.
  for (const char* phase : {"Pending", "Reserved", "Scheduling", "Running", "Preempting",
                            "Suspended", "Succeeded", "Failed", "Cancelled"}) {
    metrics_.Add(Metric::kJobs, {phase}, 0);
  }
  for (const char* result : {"ok", "conflict", "error"})
    metrics_.Add(Metric::kCommits, {result}, 0);
  for (const char* rule : {"Reclaim", "Priority"}) metrics_.Add(Metric::kPreemptions, {rule}, 0);
  for (const char* result : {"ok", "refused"}) metrics_.Add(Metric::kConfigReloads, {result}, 0);
  for (const auto& [kind, count] : api::DecodeDrops())
    metrics_.Add(Metric::kDecodeDrops, {kind}, 0);
  metrics_.Set(Metric::kConfigRefused, {}, 0);
}

void MetricsFeed::Push() {
  PushJobs();
  PushCycles();
  if (from_.role() == Role::kLeading) {
    cluster_.Push();
  } else {
    cluster_.Clear();
  }
  metrics_.Set(Metric::kQueueDepth, {"owner"}, static_cast<double>(from_.loop->depth()));
  PushRequests();
  PushReady();
}

void MetricsFeed::StepDown() {
  cluster_.Clear();
  metrics_.Set(Metric::kLeader, {from_.lease_name}, 0);
}

void MetricsFeed::NoteReload(const std::string& refusal) {
  metrics_.Add(Metric::kConfigReloads, {refusal.empty() ? "ok" : "refused"});
  metrics_.Set(Metric::kConfigRefused, {}, refusal.empty() ? 0 : 1);
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
  add(Metric::kCommits, {"error"}, now.commit_errors - last_jobs_.commit_errors);
  add(Metric::kPodsCreated, {}, now.pods_created - last_jobs_.pods_created);
  add(Metric::kPodsDeleted, {}, now.pods_deleted - last_jobs_.pods_deleted);
  for (const auto& [phase, count] : now.phases) {
    add(Metric::kJobs, {phase}, count - last_jobs_.phases[phase]);
  }
  for (const std::int64_t wait_ms : from_.jobs->TakeWaits()) {
    metrics_.Observe(Metric::kSchedulingLatency, {}, static_cast<double>(wait_ms) / 1000.0);
  }
  last_jobs_ = now;
}

void MetricsFeed::PushCycles() {
  const CycleStats now = from_.scheduler->stats();
  const auto count = [this](const char* rule, std::int64_t more) {
    metrics_.Add(Metric::kPreemptions, {rule}, static_cast<double>(more));
  };
  count("Reclaim", now.evictions_reclaim - last_cycles_.evictions_reclaim);
  count("Priority", now.evictions_priority - last_cycles_.evictions_priority);
  for (const std::int64_t micros : from_.scheduler->TakeDurations()) {
    metrics_.Observe(Metric::kCycleDuration, {}, static_cast<double>(micros) / 1e6);
  }
  last_cycles_ = now;
}

void MetricsFeed::PushRequests() {
  kube::RequestStats now;
  for (const auto& [verb, stats] : from_.client->stats().verbs) {
    Merge(now, std::string(kube::ToString(verb)), stats);
  }
  for (const kube::CountingTransport* traffic : from_.traffic) {
    for (const auto& [verb, stats] : traffic->stats()) Merge(now, verb, stats);
  }
  for (const auto& [verb, stats] : now) PushVerb(verb, stats, last_requests_[verb]);
  last_requests_ = std::move(now);
  for (const auto& [kind, count] : api::DecodeDrops()) {
    std::int64_t& before = last_drops_[std::string(kind)];
    metrics_.Add(Metric::kDecodeDrops, {kind}, static_cast<double>(count - before));
    before = count;
  }
}

void MetricsFeed::PushVerb(const std::string& verb, const kube::VerbStats& now,
                           kube::VerbStats& before) {
  for (const auto& [status, count] : now.by_status) {
    const std::int64_t delta = count - before.by_status[status];
    if (delta <= 0) continue;
    const std::string code = status == 0 ? "<error>" : std::to_string(status);
    metrics_.Add(Metric::kRestRequests, {code, MethodOf(verb)}, static_cast<double>(delta));
  }
  if (now.latency == before.latency) return;
  std::vector<double> by_bucket;
  for (std::size_t i = 0; i < now.latency.size(); ++i) {
    by_bucket.push_back(static_cast<double>(now.latency[i] - before.latency[i]));
  }
  const std::int64_t sum_ms = now.latency_sum_ms - before.latency_sum_ms;
  metrics_.ObserveAll(Metric::kRestDuration, {verb}, by_bucket,
                      static_cast<double>(sum_ms) / 1000.0);
}

// Every kind is listed, and no watch has failed for long.
telemetry::CheckResult MetricsFeed::CachesCheck(std::int64_t boot_ms) {
  for (const WatchState& watch : from_.watches()) {
    if (watch.lists == 0) {
      return {false, watch.plural + " not listed yet: " + watch.stats.last_error};
    }
    std::int64_t& since = failing_since_ms_[watch.plural];
    if (watch.stats.synced && watch.stats.last_error.empty()) {
      since = 0;
      continue;
    }
    if (since == 0) since = boot_ms;
    if (boot_ms - since >= kFailingMs) {
      return {false, watch.plural + " not current for " + std::to_string((boot_ms - since) / 1000) +
                         " s: " + watch.stats.last_error};
    }
  }
  return {true, ""};
}

// Whether what we know may be judged by.
bool MetricsFeed::CachesCurrent() const {
  const std::vector<WatchState> watches = from_.watches();
  return std::all_of(watches.begin(), watches.end(), [](const WatchState& watch) {
    return watch.lists > 0 && watch.stats.synced && watch.stats.last_error.empty();
  });
}

void MetricsFeed::PushReady() {
  Board board;
  board.pushed_ms = from_.state->clock().BootMs();
  board.caches = CachesCheck(board.pushed_ms);
  const Role role = from_.role();
  board.leader = {true, from_.leadership()};
  metrics_.Set(Metric::kLeader, {from_.lease_name}, role == Role::kStandby ? 0 : 1);
  if (role == Role::kLeading) drift_.Look(CachesCurrent(), from_.client->stats().throttled);
  if (const auto& places = drift_.places(); !places.empty()) {
    board.drift = {false,
                   std::to_string(places.size()) + " differences, the first: " + *places.begin()};
  }
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
