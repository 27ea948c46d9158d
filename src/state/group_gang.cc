// Groups of foreign pods in the core's words.
#include <algorithm>

#include "muster/state/amounts.h"
#include "muster/state/budgets.h"
#include "muster/state/gang.h"

namespace muster::state {
namespace {

constexpr const char* kBorrowing = api::kAnnotationBorrowing;

bool Leaving(const ForeignGroup& group, const api::Pod& pod) {
  return pod.meta.deletion.unix_ms != 0 || group.deletes.contains(pod.meta.uid);
}

std::string ControllerUid(const api::Pod& pod) {
  const api::OwnerReference* owner = api::ControllerOf(pod.meta);
  return owner == nullptr ? "" : owner->uid.str();
}

base::TimePoint Earlier(base::TimePoint a, base::TimePoint b) {
  if (a.unix_ms == 0) return b;
  return b.unix_ms == 0 ? a : std::min(a, b);
}

void Count(const ForeignGroup& group, const PodEntry& entry, GroupTally& tally) {
  const api::Pod& pod = entry.pod;
  tally.created = Earlier(tally.created, pod.meta.created);
  const bool placed = !pod.node_name.empty() || !entry.binding_node.empty();
  if (Leaving(group, pod)) {
    if (placed) ++tally.leaving;
    return;
  }
  tally.min_member = std::max(tally.min_member, ForeignGroups::MinimumOf(pod));
  if (placed) {
    ++tally.bound;
    tally.borrowing |= entry.binding_borrows || pod.meta.annotations.contains(kBorrowing);
    tally.first_start = Earlier(tally.first_start, pod.started);
  } else if (!pod.gates.empty()) {
    ++tally.gated;
  } else {
    ++tally.waiting;
    tally.oldest_waiting = Earlier(tally.oldest_waiting, pod.meta.created);
  }
}

sched::Gang Common(ClusterState& state, const ForeignGroup& group, const GroupTally& tally) {
  sched::Gang gang;
  gang.uid = GroupUid(group.key);
  gang.name = group.ns + "/" + group.name;
  gang.ns = group.ns;
  gang.tenant = state.TenantOf(group.ns);
  gang.priority = BasePriority({}, state.FindTenant(gang.tenant));
  gang.submit = tally.created;
  gang.pending_since = tally.created;
  return gang;
}

// What the scheduler sees of a pod; a group of which a pod's claims are not bound is not shown to
// it.
sched::Shape ShapeOf(const ClusterState& state, const std::string& ns, const api::PodNeeds& needs) {
  const PodVolumes volumes = state.volumes().Judge(ns, needs);
  return ToShape(needs, volumes, "", state.options().gpu_resource);
}

void AddWaiting(ClusterState& state, const ForeignGroup& group, sched::Gang& gang) {
  for (const std::vector<std::string>& keys : UnboundByTask(state, group)) {
    const api::Pod& pod = state.FindPod(keys.front())->pod;
    const api::PodNeeds& needs = pod.needs;
    sched::GangTask task;
    task.name = keys.front();
    task.shape = state.world().InternShape(ShapeOf(state, group.ns, needs));
    task.replicas = static_cast<std::int32_t>(keys.size());
    task.limits = ToLimits(needs);
    task.ties = state.TiesOfPod(pod);
    gang.tasks.push_back(std::move(task));
  }
}

void AddPlaced(ClusterState& state, const ForeignGroup& group, const GroupTally& tally,
               sched::Gang& gang) {
  gang.state = group.evicting ? sched::GangState::kReleasing : sched::GangState::kRunning;
  gang.evictable = tally.bound > 0;
  gang.borrowing = tally.borrowing;
  gang.started = tally.first_start.unix_ms != 0 ? tally.first_start : tally.created;
  const api::Tenant* tenant = state.FindTenant(gang.tenant);
  std::int64_t grace_s = 0;
  for (const std::string& key : group.pods) {
    if (const PodEntry* entry = state.FindPod(key)) {
      grace_s = std::max(grace_s, GraceSeconds(entry->pod.grace_seconds, -1, tenant));
    }
  }
  gang.grace_ms = grace_s * 1000;
}

bool HasMinimum(const GroupTally& tally) {
  return tally.bound > 0 && tally.bound + tally.done >= tally.min_member;
}

}  // namespace

GroupTally CountGroup(ClusterState& state, const ForeignGroup& group) {
  GroupTally tally;
  std::set<std::string> controllers;
  for (const std::string& key : group.pods) {
    const PodEntry* entry = state.FindPod(key);
    if (entry == nullptr) continue;
    Count(group, *entry, tally);
    controllers.insert(ControllerUid(entry->pod));
  }
  controllers.erase("");
  for (const std::string& key : group.done) {
    const PodEntry* entry = state.FindPod(key);
    if (entry != nullptr && controllers.contains(ControllerUid(entry->pod))) ++tally.done;
  }
  return tally;
}

std::vector<std::vector<std::string>> UnboundByTask(ClusterState& state,
                                                    const ForeignGroup& group) {
  std::map<std::pair<sched::Shape, sched::Ties>, std::vector<std::string>> by_shape;
  for (const std::string& key : group.pods) {
    const PodEntry* entry = state.FindPod(key);
    if (entry == nullptr || !entry->pod.node_name.empty() || !entry->binding_node.empty()) continue;
    if (!entry->pod.gates.empty() || Leaving(group, entry->pod)) continue;
    by_shape[{ShapeOf(state, group.ns, entry->pod.needs), state.TiesOfPod(entry->pod)}].push_back(
        key);
  }
  std::vector<std::vector<std::string>> tasks;
  tasks.reserve(by_shape.size());
  for (auto& [shape, keys] : by_shape) tasks.push_back(std::move(keys));
  // By first key, not by shape: interned or compared shapes never decide an order.
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

std::optional<sched::Gang> BuildGroupGang(ClusterState& state, const ForeignGroup& group,
                                          bool may_start) {
  const GroupTally tally = CountGroup(state, group);
  sched::Gang gang = Common(state, group, tally);
  gang.budgets = SharesOfBudgets(state, group.ns, group.pods);
  const bool complete = tally.have() >= tally.min_member;
  const bool wants = may_start && complete && !group.evicting && !gang.tenant.empty() &&
                     tally.waiting > 0 && !HasMinimum(tally);
  if (!wants) {
    if (tally.bound + tally.leaving == 0) return std::nullopt;
    AddPlaced(state, group, tally, gang);
    return gang;
  }
  AddWaiting(state, group, gang);
  const std::int32_t placed = tally.bound + tally.done;
  gang.finish_first = tally.bound > 0;
  gang.min_replicas = std::clamp(tally.min_member - placed, 1, tally.waiting);
  return gang;
}

std::optional<sched::Gang> BuildMoreGroupGang(ClusterState& state, const ForeignGroup& group,
                                              bool may_start) {
  const GroupTally tally = CountGroup(state, group);
  if (!may_start || group.evicting || tally.waiting == 0 || !HasMinimum(tally)) {
    return std::nullopt;
  }
  sched::Gang gang = Common(state, group, tally);
  if (gang.tenant.empty()) return std::nullopt;
  gang.more_of = gang.uid;
  gang.uid = MoreGroupUid(group.key);
  AddWaiting(state, group, gang);
  gang.min_replicas = 1;
  return gang;
}

}  // namespace muster::state
