#include "controllers/tenant/usage.h"

#include "muster/base/quantity.h"
#include "muster/state/amounts.h"
#include "muster/state/gang.h"

namespace muster::op {
namespace {

void CountJobs(const state::ClusterState& state, UsageTable& table) {
  std::string ns;
  TenantUsage* usage = nullptr;
  for (const auto& [key, entry] : state.jobs()) {
    if (api::Finished(entry.job.status)) continue;
    if (usage == nullptr || ns != entry.job.meta.ns) {  // sorted by namespace
      ns = entry.job.meta.ns;
      usage = &table[state.TenantOf(ns)];
    }
    if (entry.placement) {
      ++usage->running;
    } else if (!entry.job.spec.suspend) {
      ++usage->pending;
    }
  }
}

void CountGroups(state::ClusterState& state, UsageTable& table) {
  for (const auto& [key, group] : state.groups().all()) {
    if (group.pods.empty()) continue;
    const state::GroupTally tally = state::CountGroup(state, group);
    TenantUsage& usage = table[state.TenantOf(group.ns)];
    if (tally.bound + tally.leaving > 0) {
      ++usage.running;
    } else {
      ++usage.pending;
    }
  }
}

}  // namespace

UsageTable BuildUsage(state::ClusterState& state) {
  UsageTable table;
  CountJobs(state, table);
  CountGroups(state, table);
  for (const auto& [name, tenant] : state.tenants()) {
    const sched::UsageView view = state.world().TenantUsage(name);
    TenantUsage& usage = table[name];
    usage.used = state::ToResourceList(view.used);
    usage.per_mille = view.dominant_per_mille;
  }
  return table;
}

std::map<std::string, std::string> BuildOverCapacity(const state::ClusterState& state) {
  if (state.nodes().empty()) return {};
  std::vector<const api::ResourceList*> guarantees;
  for (const auto& [name, tenant] : state.tenants()) {
    if (!tenant.spec.guaranteed.empty()) guarantees.push_back(&tenant.spec.guaranteed);
  }
  if (guarantees.empty()) return {};
  // All nodes, also those that are not ready just now: a flapping node is no change of plan.
  api::ResourceList capacity;
  for (const auto& [name, node] : state.nodes()) {
    for (const auto& [resource, amount] : node.allocatable) {
      std::int64_t& sum = capacity[resource];
      sum = base::SaturatingAdd(sum, amount);
    }
  }
  return OverCapacity(guarantees, capacity, state.options().gpu_resource);
}

}  // namespace muster::op
