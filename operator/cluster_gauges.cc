#include "cluster_gauges.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "muster/base/log.h"
#include "muster/base/quantity.h"
#include "muster/state/amounts.h"

namespace muster::op {

using telemetry::Metric;
using telemetry::Sample;

namespace {

constexpr std::size_t kMostLines = 20;  // in one turn

// "Node a", "Job b/c" and what is wrong with it, for every object that cannot be handled.
std::map<std::string, std::string> FindPoison(const state::ClusterState& state) {
  std::map<std::string, std::string> found;
  const auto look = [&found](const char* kind, const auto& object) {
    if (!object.invalid.empty()) {
      found[std::string(kind) + " " + api::KeyOf(object.meta)] = object.invalid;
    }
  };
  for (const auto& [key, node] : state.nodes()) look("Node", node);
  for (const auto& [key, tenant] : state.tenants()) look("Tenant", tenant);
  for (const auto& [key, quota] : state.quotas()) look("ResourceQuota", quota);
  for (const auto& [key, budget] : state.budgets()) look("PodDisruptionBudget", budget);
  for (const auto& [key, claim] : state.volumes().claims()) look("PersistentVolumeClaim", claim);
  for (const auto& [name, volume] : state.volumes().volumes()) look("PersistentVolume", volume);
  for (const auto& [key, workflow] : state.workflows()) look("Workflow", workflow);
  for (const auto& [key, entry] : state.jobs()) look("Job", entry.job);
  for (const auto& [key, entry] : state.pods()) look("Pod", entry.pod);
  return found;
}

}  // namespace

void ClusterGauges::Push() {
  PushQueue();
  PushPoison();
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
  for (const auto& [key, entry] : state_.jobs()) {
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
}

void ClusterGauges::PushPoison() {
  std::map<std::string, std::int64_t> by_kind;
  for (const char* kind : {"Node", "Tenant", "ResourceQuota", "PodDisruptionBudget", "Workflow",
                           "Job", "Pod", "PersistentVolumeClaim", "PersistentVolume"}) {
    by_kind[kind] = 0;
  }
  std::set<std::string> told;
  std::size_t lines = 0;
  for (const auto& [what, why] : FindPoison(state_)) {
    ++by_kind[what.substr(0, what.find(' '))];
    if (!told_.contains(what)) {
      if (++lines > kMostLines) continue;  // the others in the next turn
      base::LogWarn("object set aside", {{"object", what}, {"error", why}});
    }
    told.insert(what);
  }
  told_ = std::move(told);
  for (const auto& [kind, count] : by_kind) {
    metrics_.Set(Metric::kPoisonObjects, {kind}, static_cast<double>(count));
  }
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
    if (!node.ready || node.unschedulable || !node.invalid.empty()) continue;
    const auto it = node.allocatable.find(gpu);
    if (it == node.allocatable.end()) continue;
    capacity = base::SaturatingAdd(capacity, it->second);
    if (!left) continue;
    free = base::SaturatingAdd(free, std::max<std::int64_t>(0, state::AmountOf(*left, gpu)));
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
