// Jobs into the World: one gang, and one Occupant for each committed pod index that has not been
// observed yet.
#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"
#include "muster/state/gang.h"

namespace muster::state {
namespace {

bool MayCountUnseen(const JobEntry& entry) {
  return entry.placement && entry.placement->state == api::PlacementState::kCommitted &&
         !api::Finished(entry.job.status);
}

}  // namespace

void ClusterState::FoldJob(JobEntry& entry, bool eligible) {
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
  bool unknown = false;
  if (MayCountUnseen(entry)) {
    for (const Slot& slot : entry.slots) {
      if (slot.seen) continue;
      const Template* found = templates_.Find(TemplateKeyOf(entry, slot.task));
      const api::Assignment& place = entry.placement->assignments[slot.assignment];
      sched::Occupant occupant;
      occupant.key = SlotKey(uid, entry.placement->attempt, place.task, slot.index);
      wanted.insert(occupant.key);
      if (entry.committed_keys.contains(occupant.key)) continue;
      if (found == nullptr || found->request.empty()) {
        unknown = true;
        wanted.erase(occupant.key);
        continue;
      }
      occupant.node = place.node;
      occupant.gang = uid;
      occupant.tenant = TenantOf(entry.job.meta.ns);
      occupant.ns = entry.job.meta.ns;
      occupant.amounts = Plus(found->request, found->limits);
      for (const api::HostPort& port : found->needs.host_ports) {
        occupant.ports.push_back({port.port, port.protocol, port.host_ip});
      }
      world_.SetOccupant(occupant);
    }
  }
  for (const std::string& key : entry.committed_keys) {
    if (!wanted.contains(key)) world_.RemoveOccupant(key);
  }
  entry.committed_keys = std::move(wanted);
  entry.uncounted = unknown;
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
      const bool bytes = counted.ends_with("memory") || counted.ends_with("-storage") ||
                         counted.starts_with("hugepages-");
      const std::int64_t amount = bytes ? value >> 20 : value;
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
