// Claims, volumes and their classes: what the claims of a pod mean for where it may run.
//
// A bound claim restricts the nodes to those that reach its volume.  One that is to be bound by
// itself is waited for.  One that waits for its first consumer is bound by the scheduler that
// places that pod (annotation volume.kubernetes.io/selected-node), which Muster does not do.
// Threads: owned by the ClusterState's one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "muster/api/storage.h"

namespace muster::state {

// What the claims of one pod mean.  Sentences begin with the field of the volume.
struct PodVolumes {
  std::string refusal;  // a claim that waits for its first consumer; empty: none
  std::string wait;     // a claim that is not there, or not bound yet; empty: none
  // Required node affinity of each bound volume that has one: all must match, each in any of its
  // terms.
  std::vector<std::vector<api::NodeSelectorTerm>> affinity;

  bool bound() const { return refusal.empty() && wait.empty(); }
  friend bool operator==(const PodVolumes&, const PodVolumes&) = default;
};

class Volumes {
 public:
  // Each answers the keys of the claims that may now mean something else.
  std::set<std::string> Set(api::PersistentVolumeClaim claim);
  std::set<std::string> Erase(const api::PersistentVolumeClaim& claim);
  std::set<std::string> Set(api::PersistentVolume volume);
  std::set<std::string> Erase(const api::PersistentVolume& volume);
  std::set<std::string> Set(api::StorageClass storage_class);
  std::set<std::string> Erase(const api::StorageClass& storage_class);

  // Of a pod of namespace `ns`.
  PodVolumes Judge(const std::string& ns, const api::PodNeeds& needs) const;

  const std::map<std::string, api::PersistentVolumeClaim>& claims() const { return claims_; }
  const std::map<std::string, api::PersistentVolume>& volumes() const { return volumes_; }
  const std::map<std::string, api::StorageClass>& classes() const { return classes_; }

 private:
  // Why a claim is not bound to a volume that can be used; both empty: it is.
  struct Trouble {
    std::string text;
    bool refused = false;
  };
  Trouble WhyNot(const std::string& key, const std::string& name) const;
  Trouble WhyNotBound(const api::PersistentVolumeClaim& claim) const;
  std::string WhyNotUsable(const api::PersistentVolumeClaim& claim) const;
  const api::StorageClass* ClassOf(const api::PersistentVolumeClaim& claim) const;
  void Forget(const api::PersistentVolumeClaim& claim);
  std::set<std::string> ClaimsOf(const std::string& volume) const;
  std::set<std::string> UnboundClaimsOf(const std::string& storage_class) const;

  std::map<std::string, api::PersistentVolumeClaim> claims_;  // by namespace/name
  std::map<std::string, api::PersistentVolume> volumes_;      // by name
  std::map<std::string, api::StorageClass> classes_;          // by name
  std::map<std::string, std::set<std::string>> claims_of_;    // volume -> claims that name it
};

}  // namespace muster::state
