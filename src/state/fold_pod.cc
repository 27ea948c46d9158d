// Pods into the World: a bound pod that is not terminal is an Occupant of its node, its tenant and
// its namespace until it is terminal or gone.
#include <utility>

#include "muster/base/text.h"
#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

std::int64_t IntOf(const api::Labels& map, const char* key) {
  const auto it = map.find(key);
  if (it == map.end()) return 0;
  return base::ParseInt(it->second.str()).value_or(0);
}

std::string OccupantKey(const std::string& key, const PodEntry& entry) {
  if (entry.slot.attempt == 0) return "pod/" + entry.pod.meta.uid;
  return SlotKey(OwnerJobUid(entry.pod), entry.slot.attempt, entry.slot.task, entry.slot.index) +
         "/" + key;
}

}  // namespace

std::string OwnerJobUid(const api::Pod& pod) {
  if (!pod.meta.labels.contains(api::kLabelFenced)) return "";
  const api::OwnerReference* owner = api::ControllerOf(pod.meta);
  if (owner == nullptr || owner->kind != "Job") return "";
  // A Binding's labels are copied onto the pod, so that of a batch/v1 Job may have ours too.
  const std::string& version = owner->api_version;
  return version.empty() || version.starts_with("scheduler.io/") ? owner->uid.str() : "";
}

const std::string& NodeOf(const PodEntry& entry) {
  return entry.pod.node_name.empty() ? entry.binding_node : entry.pod.node_name.str();
}

PodSlot ReadSlot(const api::Pod& pod) {
  PodSlot slot;
  slot.epoch = IntOf(pod.meta.annotations, api::kAnnotationEpoch);
  if (OwnerJobUid(pod).empty()) return slot;
  slot.attempt = static_cast<std::int32_t>(IntOf(pod.meta.labels, api::kLabelAttempt));
  slot.index = static_cast<std::int32_t>(IntOf(pod.meta.labels, api::kLabelIndex));
  if (const auto task = pod.meta.labels.find(api::kLabelTask); task != pod.meta.labels.end()) {
    slot.task = task->second;
  }
  return slot;
}

std::string SlotKey(const std::string& job_uid, std::int32_t attempt, const std::string& task,
                    std::int32_t index) {
  return job_uid + "/" + std::to_string(attempt) + "/" + task + "/" + std::to_string(index);
}

void ClusterState::Upsert(api::Pod pod) {
  const std::string key = api::KeyOf(pod.meta);
  auto it = pods_.find(key);
  if (it != pods_.end() && it->second.pod.meta.uid != pod.meta.uid) {
    Remove(api::Pod(it->second.pod));
    it = pods_.end();
  }
  const bool first = it == pods_.end();
  PodEntry& entry = pods_[key];
  const bool owned_anew = !first && OwnerJobUid(entry.pod) != OwnerJobUid(pod);
  if (owned_anew) {
    // To the old owner it is as if it had gone.
    UnfoldPod(key, entry);
    MarkOwner(entry.pod, key, true);
  } else if (!first && ForeignGroups::IsForeign(entry.pod) &&
             ForeignGroups::GroupKey(entry.pod) != ForeignGroups::GroupKey(pod)) {
    dirty_.groups.insert(ForeignGroups::GroupKey(entry.pod));  // its label was changed
    groups_.Remove(entry.pod, key);
  }
  entry.pod = std::move(pod);
  if (first || owned_anew) entry.slot = ReadSlot(entry.pod);
  if (first) {
    entry.is_void =
        epoch_ > 0 && entry.slot.epoch > 0 && entry.slot.epoch < epoch_ && entry.slot.attempt > 0;
  }
  FoldPod(key, entry);
  MarkOwner(entry.pod, key, false);
}

void ClusterState::Remove(const api::Pod& pod) {
  const std::string key = api::KeyOf(pod.meta);
  const auto it = pods_.find(key);
  if (it == pods_.end() || it->second.pod.meta.uid != pod.meta.uid) return;
  UnfoldPod(key, it->second);
  UsePeersOf(key, it->second, /*gone=*/true);
  MarkOwner(it->second.pod, key, true);
  pods_.erase(key);
}

// An attempt ends before its pods only where the job's policy does not wait for those on a silent
// node.
bool ClusterState::IsLeftBehind(const PodEntry& entry) const {
  if (entry.slot.attempt == 0) return false;
  const JobEntry* job = FindJobByUid(OwnerJobUid(entry.pod));
  if (job == nullptr) return false;
  return entry.slot.attempt <
         (job->placement ? job->placement->attempt : job->job.status.attempt + 1);
}

void ClusterState::FoldLeftBehind(const JobEntry& entry) {
  for (const std::string& key : entry.pods) {
    PodEntry& pod = pods_.at(key);
    if (pod.counted && pod.left_behind != IsLeftBehind(pod)) FoldPod(key, pod);
  }
}

void ClusterState::FoldPod(const std::string& key, PodEntry& entry) {
  UsePeersOf(key, entry);
  const api::Pod& pod = entry.pod;
  const std::string& node = NodeOf(entry);
  if (pod.terminal() || node.empty()) {
    UnfoldPod(key, entry);
    return;
  }
  sched::Occupant occupant;
  occupant.key = OccupantKey(key, entry);
  occupant.node = node;
  occupant.tenant = TenantOf(pod.meta.ns);
  occupant.ns = pod.meta.ns;
  occupant.amounts = Plus(ToAmounts(pod.needs.requests, Rounding::kUp, options_.gpu_resource),
                          ToLimits(pod.needs));
  for (const api::HostPort& port : pod.needs.host_ports) {
    occupant.ports.push_back({port.port, port.protocol, port.host_ip});
  }
  entry.left_behind = IsLeftBehind(entry);
  occupant.ties = TiesOfPod(pod);
  if (entry.slot.attempt > 0) {
    if (!entry.left_behind) occupant.gang = OwnerJobUid(pod);
  } else if (ForeignGroups::IsForeign(pod)) {
    occupant.gang = GroupUid(ForeignGroups::GroupKey(pod));
  }
  world_.SetOccupant(occupant);
  entry.counted = true;
}

void ClusterState::SetBinding(const std::string& pod_key, const std::string& node, bool borrowing) {
  PodEntry* entry = FindPod(pod_key);
  if (entry == nullptr) return;
  entry->binding_node = node;
  entry->binding_borrows = borrowing;
  entry->binding_version = node.empty() ? "" : entry->pod.meta.resource_version;
  entry->binding_until_ms = 0;
  entry->binding_looking = false;
  FoldPod(pod_key, *entry);
}

void ClusterState::UnfoldPod(const std::string& key, PodEntry& entry) {
  if (!entry.counted) return;
  world_.RemoveOccupant(OccupantKey(key, entry));
  entry.counted = false;
}

void ClusterState::MarkOwner(const api::Pod& pod, const std::string& key, bool gone) {
  if (const std::string uid = OwnerJobUid(pod); !uid.empty()) {
    std::set<std::string>& pods = pods_of_[uid];
    if (gone) {
      pods.erase(key);
    } else {
      pods.insert(key);
    }
    const bool none = pods.empty();
    ForgetCreate(key);  // it counts by itself now
    if (JobEntry* job = FindJobByUid(uid)) {
      job->ledger.creates.erase(pod.meta.name);
      if (gone) {
        job->pods.erase(key);
        job->ledger.deletes.erase(pod.meta.uid);
        job->rest_until_ms = 0;  // its place must count again before the next decision
      } else {
        job->pods.insert(key);
      }
      SeePod(*job, pods_.at(key), gone);
      dirty_.jobs.insert(job->key);
    }
    if (none) pods_of_.erase(uid);
    return;
  }
  if (!ForeignGroups::IsForeign(pod)) return;
  NoteForeignUser(pod, key, gone);
  if (gone) {
    groups_.Remove(pod, key);
  } else if (pod.terminal()) {
    groups_.Finish(pod, key, options_.group_timeout_ms);
  } else {
    groups_.Add(pod, key, options_.group_timeout_ms);
  }
  dirty_.groups.insert(ForeignGroups::GroupKey(pod));
}

void ClusterState::SeePod(JobEntry& job, const PodEntry& pod, bool gone) {
  if (pod.is_void) return;
  if (gone && epoch_ == 0 && job.backing == Backing::kImplied) {
    // The pod of another leader, which alone knows where the next one is to be.
    job.placement.reset();
    ReadPlacement(job);
    return;
  }
  const std::int32_t rank = RankOf(job, TaskIndex(job, pod.slot.task), pod.slot.index);
  if (rank < 0) return;
  if (gone) {
    CountAgain(job, pod, rank);
    return;
  }
  if (!job.placement && job.replicas == 1 && !api::Finished(job.job.status) &&
      pod.slot.attempt == job.job.status.attempt + 1) {
    ReadPlacement(job);  // a single pod that runs ahead of the status
    return;
  }
  if (!job.placement || job.placement->attempt != pod.slot.attempt) return;
  if (job.slot_of[rank] < 0) return;
  Slot& slot = job.slots[job.slot_of[rank]];
  if (!slot.seen) CheckSize(job, pod);
  slot.seen = true;
  const std::string key =
      SlotKey(job.job.meta.uid, pod.slot.attempt, pod.slot.task, pod.slot.index);
  if (job.committed.erase(key) > 0) world_.RemoveOccupant(key);
}

// A committed pod that vanished without a result will be made again: its place is not free.
void ClusterState::CountAgain(JobEntry& job, const PodEntry& pod, std::int32_t rank) {
  if (!job.placement || job.placement->attempt != pod.slot.attempt || job.slot_of[rank] < 0) return;
  const Slot& slot = job.slots[job.slot_of[rank]];
  if (!Counts(job, slot, {})) return;
  const std::string key =
      SlotKey(job.job.meta.uid, pod.slot.attempt, pod.slot.task, pod.slot.index);
  CountSlot(job, slot, key);
}

// What was placed is the pod that a dry run gave back; one that was made larger does not fit there.
void ClusterState::CheckSize(JobEntry& job, const PodEntry& pod) {
  const std::int32_t task = TaskIndex(job, pod.slot.task);
  Template* made = TemplateOf(job, task);
  if (made == nullptr || !made->known || job.placement->state != api::PlacementState::kCommitted) {
    return;
  }
  for (const auto& [name, amount] :
       ToAmounts(pod.pod.needs.requests, Rounding::kUp, options_.gpu_resource)) {
    if (amount <= AmountOf(made->request, name)) continue;
    job.refusal = "pod " + pod.pod.meta.name + " came back from the API server with more " + name +
                  " than its dry run had";
    if (made->state == TemplateState::kGood) made->state = TemplateState::kUnknown;
    return;
  }
}

void ClusterState::FoldTenantOfNamespace(const std::string& ns) {
  for (auto& [key, entry] : pods_) {
    if (entry.pod.meta.ns != ns) continue;
    FoldPod(key, entry);
  }
  for (auto& [key, entry] : jobs_) {
    if (entry.job.meta.ns != ns || api::Finished(entry.job.status)) continue;
    RekeyTemplates(entry);
    QueueJob(entry);
    dirty_.jobs.insert(key);
  }
  for (auto& [key, quota] : quotas_) {
    if (quota.meta.ns == ns) dirty_.quotas.insert(key);
  }
  for (auto& [key, group] : groups_.all()) {
    if (group.ns == ns) dirty_.groups.insert(key);
  }
}

}  // namespace muster::state
