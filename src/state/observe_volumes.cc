// Claims, volumes and storage classes: what changes about them reaches the templates and the groups
// whose pods use them, and no others.
#include <utility>

#include "muster/state/amounts.h"
#include "muster/state/cluster_state.h"

namespace muster::state {

void ClusterState::DescribeTemplate(Template& made, const std::string& gpu_model,
                                    const api::Pod& answer) {
  templates_.SetNeeds(made, answer.needs);
  made.labels = CommonLabels(answer.meta.labels);
  made.known = true;
  made.gpu_model = gpu_model;
  made.request = ToAmounts(made.needs.requests, Rounding::kUp, options_.gpu_resource);
  made.limits = ToLimits(made.needs);
  made.volumes = volumes_.Judge(made.ns, made.needs);
  FoldShape(made);
}

void ClusterState::FoldShape(Template& made) {
  if (!made.volumes.bound()) return;
  made.shape =
      world_.InternShape(ToShape(made.needs, made.volumes, made.gpu_model, options_.gpu_resource));
}

// Whether the claims of the template mean something else now.
bool ClusterState::FoldVolumes(Template& made) {
  PodVolumes now = volumes_.Judge(made.ns, made.needs);
  if (now == made.volumes) return false;
  made.volumes = std::move(now);
  FoldShape(made);
  return true;
}

void ClusterState::NoteForeignUser(const api::Pod& pod, const std::string& key, bool gone) {
  for (const api::ClaimUse& use : pod.needs.claims) {
    const std::string claim = pod.meta.ns + "/" + use.name;
    std::set<std::string>& users = foreign_users_[claim];
    if (gone) {
      users.erase(key);
    } else {
      users.insert(key);
    }
    if (users.empty()) foreign_users_.erase(claim);
  }
}

void ClusterState::ClaimsMoved(const std::set<std::string>& claims) {
  for (const std::string& claim : claims) {
    for (const std::string& key : templates_.UsersOf(claim)) {
      Template& made = *templates_.Find(key);
      if (FoldVolumes(made)) MarkJobsOf(made);
    }
    const auto pods = foreign_users_.find(claim);
    if (pods == foreign_users_.end()) continue;
    for (const std::string& key : pods->second) {
      if (const PodEntry* entry = FindPod(key)) MarkGroup(ForeignGroups::GroupKey(entry->pod));
    }
  }
}

void ClusterState::Upsert(api::PersistentVolumeClaim claim) {
  ClaimsMoved(volumes_.Set(std::move(claim)));
}

void ClusterState::Remove(const api::PersistentVolumeClaim& claim) {
  ClaimsMoved(volumes_.Erase(claim));
}

void ClusterState::Upsert(api::PersistentVolume volume) {
  ClaimsMoved(volumes_.Set(std::move(volume)));
}

void ClusterState::Remove(const api::PersistentVolume& volume) {
  ClaimsMoved(volumes_.Erase(volume));
}

void ClusterState::Upsert(api::StorageClass storage_class) {
  ClaimsMoved(volumes_.Set(std::move(storage_class)));
}

void ClusterState::Remove(const api::StorageClass& storage_class) {
  ClaimsMoved(volumes_.Erase(storage_class));
}

}  // namespace muster::state
