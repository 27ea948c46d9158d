// Nodes, namespaces, limit ranges, tenants, quotas and workflows: kept as they are, folded into the
// World where it asks for them.
#include <utility>

#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

constexpr std::int64_t kLimitRangeLagMs = 2'000;

sched::Tenant ToTenant(const api::Tenant& tenant, const std::string& gpu_resource) {
  api::ResourceList hard = tenant.spec.hard;
  hard.erase("requests.storage");  // rendered as a core ResourceQuota, not counted here
  sched::Tenant out;
  out.name = tenant.meta.name;
  out.hard = ToCeilings(hard, gpu_resource);
  out.guaranteed = ToAmounts(tenant.spec.guaranteed, Rounding::kUp, gpu_resource);
  out.borrow_limit = ToCeilings(tenant.spec.borrow_limit, gpu_resource);
  out.lending_limit = ToCeilings(tenant.spec.lending_limit, gpu_resource);
  out.weight_milli = tenant.spec.weight_milli;
  out.max_running_gangs = tenant.spec.max_running_jobs;
  out.max_devices_per_gang = tenant.spec.max_gpus_per_job;
  return out;
}

}  // namespace

void ClusterState::FoldNode(const std::string& name) {
  const auto it = nodes_.find(name);
  if (it == nodes_.end()) return;
  sched::Node node = ToNode(it->second, options_.gpu_resource);
  node.cordoned |= uncounted_on_.contains(name);
  world_.SetNode(node);
}

void ClusterState::Upsert(api::Node node) {
  const std::string name = node.meta.name;
  const auto before = nodes_.find(name);
  if (before != nodes_.end()) {
    const bool turned = before->second.ready != node.ready ||
                        before->second.not_ready_since != node.not_ready_since;
    if (turned) MarkJobsOn(name);
    // It takes nothing new while it reports nonsense, and counts as it did when it last made sense.
    const bool same = before->second.meta.uid == node.meta.uid;
    if (same && !node.invalid.empty()) node.allocatable = before->second.allocatable;
  }
  nodes_[name] = std::move(node);
  FoldNode(name);
}

void ClusterState::Remove(const api::Node& node) {
  const auto it = nodes_.find(node.meta.name);
  if (it == nodes_.end() || it->second.meta.uid != node.meta.uid) return;
  world_.RemoveNode(node.meta.name);
  nodes_.erase(it);
  MarkJobsOn(node.meta.name);
}

void ClusterState::MarkJobsOn(const std::string& node) {
  for (const auto& [key, entry] : jobs_) {
    if (!entry.placement) {  // it may wait for the end of a pod there
      for (const std::string& pod : entry.pods) {
        if (pods_.at(pod).pod.node_name == node) dirty_.jobs.insert(key);
      }
      continue;
    }
    for (const api::Assignment& a : entry.placement->assignments) {
      if (a.node == node) dirty_.jobs.insert(key);
    }
  }
}

void ClusterState::Upsert(api::Namespace ns) {
  const std::string name = ns.meta.name;
  const std::string before = TenantOf(name);
  const bool relabelled = LabelsOfNamespace(name) != ns.meta.labels;
  namespaces_[name] = std::move(ns);
  dirty_.namespaces.insert(name);
  if (TenantOf(name) != before) FoldTenantOfNamespace(name);
  if (relabelled && peers_.by_namespace()) FoldPeers({{}, name});
}

void ClusterState::Remove(const api::Namespace& ns) {
  if (namespaces_.erase(ns.meta.name) == 0) return;
  dirty_.namespaces.insert(ns.meta.name);
  FoldTenantOfNamespace(ns.meta.name);
  if (peers_.by_namespace()) FoldPeers({{}, ns.meta.name});
}

void ClusterState::RenewTemplates(const std::string& ns) {
  templates_.Invalidate(ns);
  for (const auto& [job, entry] : jobs_) {
    if (entry.job.meta.ns == ns) dirty_.jobs.insert(job);
  }
}

void ClusterState::RunDue() {
  const std::int64_t now = clock_.BootMs();
  for (auto it = orphans_.begin(); it != orphans_.end();) {
    const std::string key = it->first;
    const bool over = it++->second.until_ms <= now;
    if (over) ForgetCreate(key);
  }
  for (auto it = renew_at_ms_.begin(); it != renew_at_ms_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    RenewTemplates(it->first);
    it = renew_at_ms_.erase(it);
  }
}

void ClusterState::Upsert(api::LimitRange range) {
  const std::string key = api::KeyOf(range.meta);
  const auto it = limit_ranges_.find(key);
  const bool same =
      it != limit_ranges_.end() && it->second.meta.resource_version == range.meta.resource_version;
  if (same) return;
  RenewTemplates(range.meta.ns);
  renew_at_ms_[range.meta.ns] = clock_.BootMs() + kLimitRangeLagMs;
  limit_ranges_[key] = std::move(range);
}

void ClusterState::Remove(const api::LimitRange& range) {
  if (limit_ranges_.erase(api::KeyOf(range.meta)) == 0) return;
  RenewTemplates(range.meta.ns);
  renew_at_ms_[range.meta.ns] = clock_.BootMs() + kLimitRangeLagMs;
}

void ClusterState::Upsert(api::Tenant tenant) {
  const std::string name = tenant.meta.name;
  const auto it = tenants_.find(name);
  const bool respecified =
      it == tenants_.end() || it->second.meta.generation != tenant.meta.generation;
  if (respecified && tenant.invalid.empty()) {
    world_.SetTenant(ToTenant(tenant, options_.gpu_resource));
  }
  tenants_[name] = std::move(tenant);
  dirty_.tenants.insert(name);
  if (!respecified) return;
  // Templates are keyed by the tenant's generation: its jobs are rendered and tried anew.
  for (auto& [key, entry] : jobs_) {
    if (TenantOf(entry.job.meta.ns) != name || api::Finished(entry.job.status)) continue;
    RekeyTemplates(entry);
    dirty_.jobs.insert(key);
  }
}

void ClusterState::Remove(const api::Tenant& tenant) {
  if (tenants_.erase(tenant.meta.name) == 0) return;
  world_.RemoveTenant(tenant.meta.name);
  dirty_.tenants.insert(tenant.meta.name);
  MarkAllJobsOfTenant(tenant.meta.name);
}

void ClusterState::Upsert(api::ResourceQuota quota) {
  const std::string key = api::KeyOf(quota.meta);
  const std::string ns = quota.meta.ns;
  const auto it = quotas_.find(key);
  const bool respecified =
      it == quotas_.end() || it->second.meta.generation != quota.meta.generation;
  quotas_[key] = std::move(quota);
  dirty_.quotas.insert(key);
  if (!respecified) return;
  dirty_.namespaces.insert(ns);  // a part of it is rendered there
  FoldNamespaceQuota(ns);
}

void ClusterState::Remove(const api::ResourceQuota& quota) {
  if (quotas_.erase(api::KeyOf(quota.meta)) == 0) return;
  dirty_.namespaces.insert(quota.meta.ns);
  dirty_.quotas.insert(api::KeyOf(quota.meta));
  FoldNamespaceQuota(quota.meta.ns);
}

void ClusterState::Upsert(api::Workflow workflow) {
  const std::string key = api::KeyOf(workflow.meta);
  workflows_[key] = std::move(workflow);
  dirty_.workflows.insert(key);
}

void ClusterState::Remove(const api::Workflow& workflow) {
  workflows_.erase(api::KeyOf(workflow.meta));
  dirty_.workflows.insert(api::KeyOf(workflow.meta));
}

}  // namespace muster::state
