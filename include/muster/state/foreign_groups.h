// Pods that others create and Muster binds: schedulerName "muster", grouped by the label
// scheduler.io/pod-group (placement-protocol.md, "Pods that others create").  A pod without the
// label is a group of its own.
//
// Threads: owned by the ClusterState's one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/api/core.h"
#include "muster/sched/reason.h"

namespace muster::state {

struct ForeignGroup {
  std::string key;   // namespace/group, or namespace/pod:<name>
  std::string ns;
  std::string name;
  std::int32_t min_member = 1;
  std::int64_t timeout_ms = 600'000;
  std::set<std::string> pods;  // keys of its pods that are not terminal
  std::int64_t partial_since_ms = 0;  // BootMs since when some are bound and some are not; 0: no
  std::map<std::string, std::int64_t> binding;  // pod key -> BootMs of a Binding in flight
  std::set<std::string> refused;   // pods whose Binding was refused for good
  std::string hold_text;           // written into the pods' condition
  sched::Reason hold_reason = sched::Reason::kPendingEvaluation;
  bool in_world = false;
};

// Gang uid of a group in the World: cannot collide with a Job's UID.
inline std::string GroupUid(const std::string& key) { return "group/" + key; }

class ForeignGroups {
 public:
  // Whether Muster is asked to bind this pod: our scheduler's name, no Job of ours owns it.
  static bool IsForeign(const api::Pod& pod);
  static std::string GroupKey(const api::Pod& pod);

  ForeignGroup& Add(const api::Pod& pod, const std::string& pod_key, std::int64_t default_timeout);
  // Drops the group with its last pod.
  void Remove(const api::Pod& pod, const std::string& pod_key);
  ForeignGroup* Find(const std::string& key);
  std::map<std::string, ForeignGroup>& all() { return groups_; }

 private:
  std::map<std::string, ForeignGroup> groups_;
};

}  // namespace muster::state
