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

// Everything but `pods` and what the labels say is the controller's memory, kept here so that it
// goes with the group.
struct ForeignGroup {
  std::string key;  // namespace/group, or namespace/pod:<name>
  std::string ns;
  std::string name;
  std::int64_t timeout_ms = 600'000;
  std::set<std::string> pods;         // keys of its pods that are not terminal
  std::set<std::string> done;         // keys of its pods that succeeded and are still there
  std::int64_t partial_since_ms = 0;  // BootMs since when some are bound and too few; 0: no
  // Whether it had its minimum on nodes since the first of its pods was bound; nothing: a leader
  // before this one may know.
  std::optional<bool> had_minimum;
  std::set<std::string> deletes;      // uids of pods whose deletion was asked for
  bool evicting = false;              // until all of `deletes` are gone
  std::string refusal;                // why a Binding was refused for good; empty: none
  std::int32_t refusals = 0;          // in a row
  std::int64_t backoff_until_ms = 0;  // BootMs before which the group is not placed
  std::string hold_text;              // by the scheduler's last Plan
  sched::Reason hold_reason = sched::Reason::kPendingEvaluation;
  std::map<std::string, std::int64_t> tell_at;  // pod key -> BootMs of the next write that says why
  std::string told_reason;                      // of the last event
  bool tell_pending = false;  // some pods are to be told another text: a wake-up is set
};

// What its pods say, counted once for all rules.
struct GroupTally {
  std::int32_t bound = 0;          // on a node or on their way to one, and not being deleted
  std::int32_t leaving = 0;        // on a node and being deleted
  std::int32_t waiting = 0;        // to be bound
  std::int32_t gated = 0;          // spec.schedulingGates
  bool borrowing = false;          // B of scheduling.md section 6 when it was bound
  std::int32_t done = 0;           // succeeded, of a controller that has a live pod in the group
  std::int32_t min_member = 1;     // the largest that a pod asks for which is not being deleted
  base::TimePoint created;         // of the oldest live pod
  base::TimePoint first_start;     // of the bound ones; 0: unknown
  base::TimePoint oldest_waiting;  // creation

  std::int32_t have() const { return bound + waiting + done; }
};

// Gang uid of a group in the World: cannot collide with a Job's UID.
inline std::string GroupUid(const std::string& key) { return "group/" + key; }
// Gang uid of pods that a group which has its minimum still wants placed.  No group's key has a
// "+".
inline std::string MoreGroupUid(const std::string& key) { return GroupUid(key) + "+"; }

class ForeignGroups {
 public:
  // Whether Muster is asked to bind this pod: our scheduler's name, no Job of ours owns it.
  static bool IsForeign(const api::Pod& pod);
  static std::string GroupKey(const api::Pod& pod);
  // What the pod says of the minimum of its group; 1: nothing.
  static std::int32_t MinimumOf(const api::Pod& pod);

  ForeignGroup& Add(const api::Pod& pod, const std::string& pod_key, std::int64_t default_timeout);
  // A pod that is terminal: no member any more, but a success counts towards the minimum.
  void Finish(const api::Pod& pod, const std::string& pod_key, std::int64_t default_timeout);
  // Drops the group with its last pod.
  void Remove(const api::Pod& pod, const std::string& pod_key);
  // By key; the uid of a gang of remaining pods ("key+") finds its group too.
  ForeignGroup* Find(std::string key);
  std::map<std::string, ForeignGroup>& all() { return groups_; }

 private:
  ForeignGroup& Open(const api::Pod& pod, std::int64_t default_timeout);

  std::map<std::string, ForeignGroup> groups_;
};

}  // namespace muster::state
