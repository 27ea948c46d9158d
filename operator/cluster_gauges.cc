#include "cluster_gauges.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "muster/state/amounts.h"

namespace muster::op {

using telemetry::Metric;
using telemetry::Sample;

void ClusterGauges::Push() {
  PushQueue();
  PushTenants();
  PushGpus();
}

void ClusterGauges::Clear() {
  for (const Metric gauge :
       {Metric::kPendingJobs, Metric::kQueueSize, Metric::kOldestPending, Metric::kPoisonObjects,
        Metric::kTenantGpusUsed, Metric::kTenantShare, Metric::kGpus, Metric::kGpuUtilization,
        Metric::kOvercommittedNodes, Metric::kDrift}) {
    metrics_.SetAll(gauge, {});
  }
}

void ClusterGauges::PushQueue() {
  std::map<std::string, std::int64_t> by_reason;
  std::map<std::string, std::int64_t> by_tenant;
  std::map<std::string, std::int64_t> oldest;
  const std::int64_t now = state_.clock().Now().unix_ms;
  std::int64_t poison = 0;
  for (const auto& [key, entry] : state_.jobs()) {
    if (!entry.job.invalid.empty()) ++poison;
    const api::JobStatus& status = entry.job.status;
    if (entry.placement || api::Finished(status)) continue;
    const std::string reason = status.reason.empty() ? "PendingEvaluation" : status.reason;
    ++by_reason[reason];
    ++by_tenant[state_.TenantOf(entry.job.meta.ns)];
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
}

void ClusterGauges::PushTenants() {
  std::vector<Sample> gpus;
  std::vector<Sample> shares;
  const std::string& gpu = state_.options().gpu_resource;
  for (const auto& [name, tenant] : state_.tenants()) {
    const sched::UsageView usage = state_.world().TenantUsage(name);
    gpus.push_back({{name}, static_cast<double>(state::AmountOf(usage.used, gpu))});
    shares.push_back({{name}, static_cast<double>(usage.share_q16) / 65536.0});
  }
  metrics_.SetAll(Metric::kTenantGpusUsed, gpus);
  metrics_.SetAll(Metric::kTenantShare, shares);
}

void ClusterGauges::PushGpus() {
  const std::string& gpu = state_.options().gpu_resource;
  std::int64_t capacity = 0;
  std::int64_t free = 0;
  std::int64_t over = 0;
  for (const auto& [name, node] : state_.nodes()) {
    const auto left = state_.world().FreeOn(name);
    if (!state_.world().OverOn(name).empty()) ++over;
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

}  // namespace muster::op
