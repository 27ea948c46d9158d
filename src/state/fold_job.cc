// Jobs into the World: one gang, and one Occupant for each committed pod index that has not been
// observed yet.
#include <algorithm>

#include "muster/api/render.h"
#include "muster/base/text.h"
#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"
#include "muster/state/gang.h"

namespace muster::state {
namespace {

constexpr std::int64_t kOrphanMs = 30'000;
constexpr std::size_t kMaxReplicas = 10'000;

std::string PodNameOf(const JobEntry& entry, const Slot& slot) {
  const std::string& task = entry.job.spec.tasks[slot.task].name;
  return api::PodName(entry.job, task, slot.index, entry.placement->attempt);
}

bool HasResult(const JobEntry& entry, const Slot& slot) {
  for (const api::TaskStatus& task : entry.job.status.tasks) {
    if (task.name != entry.job.spec.tasks[slot.task].name) continue;
    for (const std::string& ranges : {task.succeeded, task.failed}) {
      const auto indexes = base::ParseRanges(ranges, kMaxReplicas);
      if (indexes && std::binary_search(indexes->begin(), indexes->end(), slot.index)) return true;
    }
  }
  return false;
}

// Ranks of the current attempt whose pods have been observed and are still there.
std::set<std::int32_t> RanksThere(const JobEntry& entry,
                                  const std::unordered_map<std::string, PodEntry>& pods) {
  std::set<std::int32_t> there;
  for (const std::string& key : entry.pods) {
    const PodEntry& pod = pods.at(key);
    if (pod.slot.attempt != entry.placement->attempt || pod.is_void) continue;
    there.insert(RankOf(entry, TaskIndex(entry, pod.slot.task), pod.slot.index));
  }
  return there;
}

// False while nobody has said how large the pods are whose places another gang is to get.
bool FreedIsKnown(const JobEntry& entry) {
  return BeneficiaryOf(entry).empty() ||
         std::all_of(entry.templates.begin(), entry.templates.end(),
                     [](const Template* made) { return made->known; });
}

}  // namespace

// Whether a slot counts without an observed pod: a committed one until it has its result, and any
// whose pod was asked for, whatever has become of the placement since.
bool ClusterState::Counts(const JobEntry& entry, const Slot& slot,
                          const std::set<std::int32_t>& there) const {
  if (there.contains(RankOf(entry, slot.task, slot.index))) return false;
  if (slot.given_up && !slot.seen) return entry.ledger.creates.contains(PodNameOf(entry, slot));
  if (entry.placement->state == api::PlacementState::kCommitted) {
    return !slot.seen || !HasResult(entry, slot);
  }
  return entry.ledger.creates.contains(PodNameOf(entry, slot));
}

void ClusterState::FoldJob(JobEntry& entry, bool eligible) {
  QueueJob(entry);
  FoldLeftBehind(entry);
  UsePeersOf(entry, !api::Finished(entry.job.status) && (eligible || entry.placement));
  const std::string& uid = entry.job.meta.uid;
  const auto set_or_remove = [&](const std::string& gang_uid, std::optional<sched::Gang> gang) {
    if (gang) {
      world_.SetGang(*gang);
    } else {
      world_.RemoveGang(gang_uid);
    }
  };
  set_or_remove(uid, BuildGang(*this, entry, eligible));
  set_or_remove(MoreUid(uid), BuildMoreGang(*this, entry, eligible));

  std::set<std::string> wanted;
  std::set<std::string> unknown;
  const bool committed =
      entry.placement && entry.placement->state == api::PlacementState::kCommitted;
  if (entry.placement && !api::Finished(entry.job.status) &&
      (committed || !entry.ledger.creates.empty())) {
    const std::set<std::int32_t> there = RanksThere(entry, pods_);
    for (const Slot& slot : entry.slots) {
      if (!Counts(entry, slot, there)) continue;
      const api::Assignment& place = entry.placement->assignments[slot.assignment];
      const std::string key = SlotKey(uid, entry.placement->attempt, place.task, slot.index);
      if (!entry.committed.contains(key) && !CountSlot(entry, slot, key)) {
        unknown.insert(place.node);
      } else {
        wanted.insert(key);
      }
    }
  }
  std::erase_if(entry.committed, [&](const auto& pod) {
    if (wanted.contains(pod.first)) return false;
    world_.RemoveOccupant(pod.first);
    return true;
  });
  entry.uncounted = !unknown.empty() || !FreedIsKnown(entry);
  SetUncounted(entry, std::move(unknown));
}

// False if nobody has said yet how large the pod is.
bool ClusterState::CountSlot(JobEntry& entry, const Slot& slot, const std::string& key) {
  const Template* found = TemplateOf(entry, slot.task);
  if (found == nullptr || !found->known) return false;
  sched::Occupant occupant;
  occupant.key = key;
  occupant.node = entry.placement->assignments[slot.assignment].node;
  occupant.gang = entry.job.meta.uid;
  occupant.tenant = TenantOf(entry.job.meta.ns);
  occupant.ns = entry.job.meta.ns;
  occupant.amounts = Plus(found->request, found->limits);
  for (const api::HostPort& port : found->needs.host_ports) {
    occupant.ports.push_back({port.port, port.protocol, port.host_ip});
  }
  occupant.ties = TiesOfSlot(entry, slot);
  world_.SetOccupant(occupant);
  entry.committed[key] = {std::move(occupant.node), std::move(occupant.amounts)};
  return true;
}

// A node on which a pod of unknown size is committed takes nothing new.
void ClusterState::SetUncounted(JobEntry& entry, std::set<std::string> nodes) {
  if (entry.uncounted_nodes == nodes) return;
  // What its tenant may still start hangs on it.
  if (entry.uncounted_nodes.empty() != nodes.empty()) {
    MarkAllJobsOfTenant(TenantOf(entry.job.meta.ns));
    entry.uncounted_since_ms = clock_.BootMs();
  }
  std::set<std::string> touched = nodes;
  touched.insert(entry.uncounted_nodes.begin(), entry.uncounted_nodes.end());
  for (const std::string& node : entry.uncounted_nodes) {
    std::set<std::string>& jobs = uncounted_on_[node];
    jobs.erase(entry.key);
    if (jobs.empty()) uncounted_on_.erase(node);
  }
  for (const std::string& node : nodes) uncounted_on_[node].insert(entry.key);
  entry.uncounted_nodes = std::move(nodes);
  for (const std::string& node : touched) FoldNode(node);
}

const JobEntry* ClusterState::UncountedJobOf(const std::string& tenant) const {
  for (const auto& [node, jobs] : uncounted_on_) {
    for (const std::string& key : jobs) {
      const JobEntry& entry = jobs_.at(key);
      if (TenantOf(entry.job.meta.ns) == tenant) return &entry;
    }
  }
  return nullptr;
}

// Pods that were asked for may still appear although their job is gone.
void ClusterState::KeepOrphans(const JobEntry& entry) {
  std::map<std::string, CommittedPod> left = entry.committed;
  if (entry.placement && !entry.ledger.creates.empty()) {
    for (const Slot& slot : entry.slots) {
      const std::string name = PodNameOf(entry, slot);
      if (!entry.ledger.creates.contains(name)) continue;
      const std::string occupant = SlotKey(entry.job.meta.uid, entry.placement->attempt,
                                           entry.job.spec.tasks[slot.task].name, slot.index);
      auto counted = left.extract(occupant);
      if (counted.empty()) continue;
      orphans_[entry.job.meta.ns + "/" + name] = {occupant, std::move(counted.mapped()),
                                                  clock_.BootMs() + kOrphanMs};
    }
  }
  for (const auto& [occupant, pod] : left) world_.RemoveOccupant(occupant);
}

void ClusterState::ForgetCreate(const std::string& pod_key) {
  const auto it = orphans_.find(pod_key);
  if (it == orphans_.end()) return;
  world_.RemoveOccupant(it->second.occupant);
  orphans_.erase(it);
}

namespace {

// The name a hard limit of a namespace has in the core; empty: not counted by Muster.
std::string CountedName(const std::string& name, const std::string& gpu_resource) {
  if (name == "cpu" || name == "requests.cpu") return "cpu";
  if (name == "memory" || name == "requests.memory") return "memory";
  if (name == "gpu" || name == "requests.gpu") return gpu_resource;
  if (name == "limits.cpu" || name == "limits.memory" || name == "pods") return name;
  if (name == "count/pods") return "pods";
  constexpr std::string_view kRequests = "requests.";
  if (name.starts_with("count/") || name == "persistentvolumeclaims" ||
      name == "requests.storage" || name.find(".storageclass.") != std::string::npos) {
    return "";
  }
  if (name.starts_with(kRequests)) return name.substr(kRequests.size());
  return name.find('/') != std::string::npos ? name : "";
}

}  // namespace

void ClusterState::FoldNamespaceQuota(const std::string& ns) {
  std::map<std::string, std::int64_t> least;
  bool any = false;
  for (const auto& [key, quota] : quotas_) {
    if (quota.meta.ns != ns || !quota.invalid.empty()) continue;
    any = true;
    for (const auto& [name, value] : quota.hard) {
      const std::string counted = CountedName(name, options_.gpu_resource);
      if (counted.empty()) continue;
      const std::int64_t amount = ToCoreUnit(counted, value, Rounding::kDown);
      const auto [it, added] = least.emplace(counted, amount);
      if (!added) it->second = std::min(it->second, amount);
    }
  }
  if (any) {
    world_.SetNamespaceQuota({ns, {least.begin(), least.end()}});
  } else {
    world_.RemoveNamespaceQuota(ns);
  }
  for (const auto& [key, entry] : jobs_) {
    if (entry.job.meta.ns == ns && !entry.placement) dirty_.jobs.insert(key);
  }
}

}  // namespace muster::state
