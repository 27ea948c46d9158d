#include "muster/state/cluster_state.h"

#include <algorithm>
#include <exception>

#include "muster/base/text.h"

namespace muster::state {

ClusterState::ClusterState(StateOptions options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

void ClusterState::SetBarrier(std::int64_t epoch) { epoch_ = epoch; }

std::int64_t ClusterState::highest_epoch() const {
  std::int64_t highest = 0;
  for (const auto& [key, entry] : jobs_) highest = std::max(highest, entry.job.status.epoch);
  for (const auto& [key, entry] : pods_) highest = std::max(highest, entry.slot.epoch);
  for (const auto& [key, workflow] : workflows_) {
    highest = std::max(highest, workflow.status.epoch);
  }
  for (const auto& [name, tenant] : tenants_) highest = std::max(highest, tenant.status.epoch);
  for (const auto& [key, quota] : quotas_) highest = std::max(highest, quota.status.epoch);
  return highest;
}

Dirty ClusterState::TakeDirty() { return std::exchange(dirty_, Dirty{}); }

JobEntry* ClusterState::FindJob(const std::string& key) {
  const auto it = jobs_.find(key);
  return it == jobs_.end() ? nullptr : &it->second;
}

JobEntry* ClusterState::FindJobByUid(const std::string& uid) {
  const auto it = job_by_uid_.find(uid);
  return it == job_by_uid_.end() ? nullptr : it->second;
}

const JobEntry* ClusterState::FindJobByUid(const std::string& uid) const {
  const auto it = job_by_uid_.find(uid);
  return it == job_by_uid_.end() ? nullptr : it->second;
}

PodEntry* ClusterState::FindPod(const std::string& key) {
  const auto it = pods_.find(key);
  return it == pods_.end() ? nullptr : &it->second;
}

const api::Tenant* ClusterState::FindTenant(const std::string& name) const {
  const auto it = tenants_.find(name);
  return it == tenants_.end() ? nullptr : &it->second;
}

std::string ClusterState::TenantOf(const std::string& ns) const {
  if (const auto it = namespaces_.find(ns); it != namespaces_.end()) {
    const auto label = it->second.meta.labels.find(api::kLabelTenant);
    if (label != it->second.meta.labels.end() && !label->second.empty()) return label->second;
  }
  return options_.default_tenant;
}

void ClusterState::MarkAllJobsOfTenant(const std::string& tenant) {
  for (const auto& [key, entry] : jobs_) {
    if (!api::Finished(entry.job.status) && TenantOf(entry.job.meta.ns) == tenant) {
      dirty_.jobs.insert(key);
    }
  }
  for (const auto& [key, group] : groups_.all()) {
    if (TenantOf(group.ns) == tenant) dirty_.groups.insert(key);
  }
}

void ClusterState::MarkAllJobs() {
  for (const auto& [key, entry] : jobs_) dirty_.jobs.insert(key);
  for (const auto& [key, group] : groups_.all()) dirty_.groups.insert(key);
  for (const auto& [key, workflow] : workflows_) dirty_.workflows.insert(key);
  for (const auto& [key, tenant] : tenants_) dirty_.tenants.insert(key);
  for (const auto& [key, quota] : quotas_) dirty_.quotas.insert(key);
  for (const auto& [key, ns] : namespaces_) dirty_.namespaces.insert(key);
}

void ClusterState::MarkJobsOf(const Template& made) {
  for (const JobEntry* entry : made.users) dirty_.jobs.insert(entry->key);
}

void ClusterState::MarkWorkflowOf(const api::Job& job) {
  const auto label = job.meta.labels.find(api::kLabelWorkflow);
  if (label == job.meta.labels.end()) return;
  dirty_.workflows.insert(job.meta.ns + "/" + label->second);
}

void ClusterState::MarkQuotasOf(const std::string& ns) {
  for (auto it = quotas_.lower_bound(ns + "/"); it != quotas_.end(); ++it) {
    if (it->second.meta.ns != ns) break;
    dirty_.quotas.insert(it->first);
  }
}

// ---- Jobs ----

namespace {

// Another place, or one where there was none: what was never agreed on if an older leader says so.
// Words about a place that is known undo nothing.
bool IsNewPlace(const std::optional<api::Placement>& before,
                const std::optional<api::Placement>& after) {
  if (!after) return false;
  return !before || before->attempt != after->attempt || before->assignments != after->assignments;
}

void CaughtUp(Ledger& ledger) {
  ledger.awaited_version.clear();
  ledger.shelved.reset();
  ledger.doubted = false;
}

}  // namespace

void ClusterState::Upsert(api::Job job) {
  const std::string key = api::KeyOf(job.meta);
  JobEntry& entry = jobs_[key];
  if (!entry.key.empty() && entry.job.meta.uid != job.meta.uid) {
    Remove(api::Job(entry.job));
    Upsert(std::move(job));
    return;
  }
  Ledger& ledger = entry.ledger;
  if (ledger.reading) ledger.delivered.insert(job.meta.resource_version);
  if (!ledger.awaited_version.empty()) {
    if (job.meta.resource_version != ledger.awaited_version) {  // older than our own write
      ledger.shelved = std::make_unique<api::Job>(std::move(job));
      return;
    }
    CaughtUp(ledger);
    if (job.meta.resource_version == entry.job.meta.resource_version) return;
  }
  // A status of an older leader that reaches us only after the barrier was never agreed on.
  const bool changed = IsNewPlace(entry.job.status.placement, job.status.placement);
  if (epoch_ > 0 && changed && job.status.epoch < epoch_) {
    entry.void_placement = true;
  }
  entry.key = key;
  try {
    SetJob(entry, std::move(job));
  } catch (const std::exception& error) {
    // It may look as if nothing were placed: nothing is started of it, and it says so.
    entry.job.invalid = std::string("cannot be handled: ") + error.what();
    dirty_.jobs.insert(key);
    throw;
  }
}

void ClusterState::ObserveWritten(api::Job job, const std::string& from) {
  JobEntry* entry = FindJob(api::KeyOf(job.meta));
  if (entry == nullptr || entry->job.meta.uid != job.meta.uid) return;
  if (entry->job.meta.resource_version != from) return;
  if (job.meta.resource_version == from) return;  // it changed nothing: no event will come of it
  entry->ledger.awaited_version = job.meta.resource_version;
  SetJob(*entry, std::move(job));
}

void ClusterState::ObserveRead(api::Job job) {
  JobEntry* entry = FindJob(api::KeyOf(job.meta));
  if (entry == nullptr || entry->job.meta.uid != job.meta.uid) return;
  Ledger& ledger = entry->ledger;
  ledger.doubted = false;
  const std::unique_ptr<api::Job> shelved = std::move(ledger.shelved);
  const std::string& version = job.meta.resource_version;
  const bool shown =
      ledger.delivered.contains(version) || (shelved && shelved->meta.resource_version == version);
  if (shown) {
    // The watch is as far or further: what it showed last counts.
    if (ledger.awaited_version.empty() || !shelved) return;
    CaughtUp(ledger);
    SetJob(*entry, std::move(*shelved));
  } else if (version != entry->job.meta.resource_version) {
    ledger.awaited_version = version;
    SetJob(*entry, std::move(job));
  }
}

void ClusterState::SetJob(JobEntry& entry, api::Job job) {
  const bool first = entry.job.meta.uid.empty();
  const bool respecified = first || job.meta.generation != entry.job.meta.generation;
  const bool moved = first || job.status.phase != entry.job.status.phase ||
                     job.status.reason != entry.job.status.reason;
  if (first || api::Finished(job.status) != api::Finished(entry.job.status)) {
    MarkQuotasOf(job.meta.ns);  // count/jobs
  }
  std::vector<Template*> old_templates;  // released last: what they share stays
  if (respecified) old_templates = std::exchange(entry.templates, {});
  // A commit made from the old version can no longer be carried out.
  if (job.meta.resource_version != entry.job.meta.resource_version) {
    entry.ledger.unanswered_from.clear();
  }
  entry.job = std::move(job);
  if (respecified) {
    job_by_uid_[entry.job.meta.uid] = &entry;
    entry.made_of = MadeOf(entry.job);
    if (!api::Finished(entry.job.status)) AcquireTemplates(entry);
    if (const auto pods = pods_of_.find(entry.job.meta.uid); pods != pods_of_.end()) {
      entry.pods = pods->second;
    }
  }
  for (Template* made : old_templates) templates_.Release(*made, entry);
  if (api::Finished(entry.job.status)) ReleaseTemplates(entry);
  if (moved) MarkWorkflowOf(entry.job);
  ReadPlacement(entry);
  QueueJob(entry);
  dirty_.jobs.insert(entry.key);
}

void ClusterState::AcquireTemplates(JobEntry& entry) {
  for (std::size_t i = 0; i < entry.job.spec.tasks.size(); ++i) {
    const std::string key = TemplateKeyOf(entry, static_cast<std::int32_t>(i));
    entry.templates.push_back(templates_.Acquire(key, entry.job.meta.ns, entry));
  }
}

// The same templates under a tenant that has changed: asked anew, described as before until then.
void ClusterState::RekeyTemplates(JobEntry& entry) {
  const std::vector<Template*> old = std::exchange(entry.templates, {});
  AcquireTemplates(entry);
  for (std::size_t i = 0; i < old.size(); ++i) {
    templates_.Inherit(*old[i], *entry.templates[i]);
    templates_.Release(*old[i], entry);
  }
}

void ClusterState::ReleaseTemplates(JobEntry& entry) {
  for (Template* made : std::exchange(entry.templates, {})) templates_.Release(*made, entry);
}

std::string ClusterState::TemplateKeyOf(const JobEntry& entry, std::int32_t task) const {
  // What rendering adds beside the job's own name: the tenant's rules, the job's GPU and memory
  // fields, and whether there is a Service.
  const std::string tenant = TenantOf(entry.job.meta.ns);
  const api::Tenant* object = FindTenant(tenant);
  const std::string extra =
      tenant + "/" +
      (object == nullptr ? "" : object->meta.uid + std::to_string(object->meta.generation)) + "/" +
      entry.job.spec.gpu_model + "/" + std::to_string(entry.job.spec.shared_memory_bytes);
  return TemplateKey(entry.job.meta.ns, entry.job.spec.tasks[task].template_json, extra);
}

void ClusterState::ReadPlacement(JobEntry& entry) {
  const std::optional<api::Placement>& stated = entry.job.status.placement;
  const std::int32_t before = entry.placement ? entry.placement->attempt : 0;
  if (stated) {
    entry.placement = stated;
    entry.backing = Backing::kStatus;
  } else if (entry.placement && entry.backing != Backing::kStatus &&
             entry.placement->attempt == entry.job.status.attempt + 1 &&
             !api::Finished(entry.job.status)) {
    // A decision of ours that the status does not repeat yet.
  } else {
    entry.placement.reset();
    entry.void_placement = false;
    ForgetAttempt(entry);
  }
  const std::int32_t after = entry.placement ? entry.placement->attempt : 0;
  if (before != after) entry.slots.clear();
  if (!entry.placement && entry.job.spec.tasks.size() == 1 &&
      entry.job.spec.tasks[0].replicas == 1 && !api::Finished(entry.job.status)) {
    for (const std::string& key : entry.pods) {
      const PodEntry& pod = pods_.at(key);
      if (pod.slot.attempt != entry.job.status.attempt + 1 || pod.is_void) continue;
      api::Placement implied;
      implied.attempt = pod.slot.attempt;
      implied.committed_at = pod.pod.meta.created;
      const auto node = nodes_.find(pod.pod.node_name);
      implied.assignments.push_back({pod.pod.node_name,
                                     node == nodes_.end() ? "" : node->second.meta.uid,
                                     pod.slot.task, "0"});
      entry.placement = std::move(implied);
      entry.backing = Backing::kImplied;
    }
  }
  RefreshSlots(entry);
  if (!entry.placement) return;
  if (entry.placed_from.empty() || before != entry.placement->attempt) {
    entry.placed_from = entry.made_of;
  }
  for (const std::string& key : entry.pods) {
    const PodEntry& pod = pods_.at(key);
    if (pod.slot.attempt != entry.placement->attempt || pod.is_void) continue;
    const std::int32_t rank = RankOf(entry, TaskIndex(entry, pod.slot.task), pod.slot.index);
    if (rank >= 0 && entry.slot_of[rank] >= 0) entry.slots[entry.slot_of[rank]].seen = true;
  }
}

void ClusterState::Remove(const api::Job& job) {
  const std::string key = api::KeyOf(job.meta);
  const auto it = jobs_.find(key);
  if (it == jobs_.end() || it->second.job.meta.uid != job.meta.uid) return;
  JobEntry& entry = it->second;
  world_.RemoveGang(entry.job.meta.uid);
  world_.RemoveGang(MoreUid(entry.job.meta.uid));
  QueueJob(entry, /*gone=*/true);
  KeepOrphans(entry);
  UsePeersOf(entry, false);
  SetUncounted(entry, {});
  ReleaseTemplates(entry);
  job_by_uid_.erase(entry.job.meta.uid);
  MarkWorkflowOf(entry.job);
  MarkQuotasOf(entry.job.meta.ns);
  dirty_.jobs.insert(key);
  dirty_.tenants.insert(TenantOf(entry.job.meta.ns));
  jobs_.erase(it);
}

}  // namespace muster::state
