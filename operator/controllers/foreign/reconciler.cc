#include "controllers/foreign/reconciler.h"

#include <algorithm>
#include <utility>

#include "muster/api/codec.h"
#include "muster/base/log.h"
#include "muster/state/gang.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

// How long a Binding without an answer may still arrive, or the watch take to show it.
constexpr std::int64_t kLateMs = 10'000;
constexpr std::int64_t kAskAgainMs = 2'000;
constexpr std::int64_t kBusyMs = 1'000;       // after a Binding that was not let through, for now
constexpr std::int64_t kTellAgainMs = 1'000;  // after a refused write of a pod's condition

GroupFacts BuildFacts(state::ClusterState& state, const state::ForeignGroup& group) {
  GroupFacts facts;
  facts.now = state.clock().Now();
  facts.boot_ms = state.clock().BootMs();
  facts.tenant = state.TenantOf(group.ns);
  facts.uncounted = state.UncountedJobOf(facts.tenant);
  facts.tally = state::CountGroup(state, group);
  for (const std::string& key : group.pods) {
    const state::PodEntry* entry = state.FindPod(key);
    if (entry == nullptr) continue;
    facts.pods[key] = entry;
    state::PodVolumes volumes = state.volumes().Judge(group.ns, entry->pod.needs);
    if (!volumes.bound()) facts.unbound[key] = std::move(volumes);
  }
  return facts;
}

// The World was told of these very pods, in this order.
bool SameTasks(const sched::Gang& gang, const std::vector<std::vector<std::string>>& tasks) {
  return std::equal(gang.tasks.begin(), gang.tasks.end(), tasks.begin(), tasks.end(),
                    [](const sched::GangTask& task, const std::vector<std::string>& keys) {
                      return task.name == keys.front() &&
                             task.replicas == static_cast<std::int32_t>(keys.size());
                    });
}

}  // namespace

ForeignController::ForeignController(state::ClusterState& state, actuate::Actuator& actuator,
                                     std::function<void(const std::string&, std::int64_t)> wake)
    : state_(state), actuator_(actuator), wake_(std::move(wake)) {}

void ForeignController::Reconcile(const std::string& key) {
  state::ForeignGroup* group = state_.groups().Find(key);
  if (group == nullptr) {
    state_.world().RemoveGang(state::GroupUid(key));
    state_.world().RemoveGang(state::MoreGroupUid(key));
    return;
  }
  Carry(*group, PlanGroup(*group, BuildFacts(state_, *group)));
}

void ForeignController::Carry(state::ForeignGroup& group, const GroupActions& actions) {
  group.partial_since_ms = actions.partial_since_ms;
  group.had_minimum = actions.had_minimum;
  group.evicting = actions.evicting;
  group.tell_at = actions.tell_at;
  group.told_reason = actions.told_reason;
  group.tell_pending = actions.tell_pending;
  for (const std::string& pod : actions.settled) state_.SetBinding(pod, "");
  for (const std::string& pod : actions.look_for) LookForBinding(group.key, pod);
  for (const PodEvent& event : actions.events) {
    if (const state::PodEntry* entry = state_.FindPod(event.key)) {
      actuator_.EmitEvent("Pod", entry->pod.meta, event.event);
    }
  }
  for (const PodText& tell : actions.tells) Tell(group.key, tell);
  for (const std::string& pod : actions.deletes) DeletePod(group, pod);
  Fold(group, actions.may_start);
  if (actions.wake_in_ms > 0) wake_(group.key, actions.wake_in_ms);
}

void ForeignController::Fold(const state::ForeignGroup& group, bool may_start) {
  const auto set = [&](const std::string& uid, const std::optional<sched::Gang>& gang) {
    if (gang) {
      state_.world().SetGang(*gang);
    } else {
      state_.world().RemoveGang(uid);
    }
  };
  set(state::GroupUid(group.key), state::BuildGroupGang(state_, group, may_start));
  set(state::MoreGroupUid(group.key), state::BuildMoreGroupGang(state_, group, may_start));
}

// ---- Binding ----

void ForeignController::Bind(const std::string& key, const sched::Start& start) {
  state::ForeignGroup* group = state_.groups().Find(key);
  if (group == nullptr) return;
  const auto tasks = state::UnboundByTask(state_, *group);
  if (!SameTasks(state_.world().gang(start.gang), tasks)) {
    state_.MarkGroup(group->key);
    return;
  }
  group->hold_text.clear();
  std::vector<std::size_t> next(tasks.size(), 0);
  for (const sched::Place& place : start.places) {
    const std::string node = state_.world().NodeName(place.node);
    for (std::int32_t i = 0; i < place.count; ++i) {
      MUSTER_CHECK(next[place.task] < tasks[place.task].size());
      BindPod(group->key, tasks[place.task][next[place.task]++], node, start.borrowing);
    }
  }
  // In the World it is on its way from now on: the next cycle sees the rest of it.
  Fold(*group, true);
  state_.MarkGroup(group->key);
}

void ForeignController::BindPod(const std::string& group, const std::string& pod,
                                const std::string& node, bool borrowing) {
  const state::PodEntry& entry = *state_.FindPod(pod);
  state_.SetBinding(pod, node, borrowing);
  actuator_.BindPod(entry.pod, node, state_.epoch(), borrowing,
                    [this, group, pod, uid = entry.pod.meta.uid](
                        const Result<std::string>& answer) { TakeBound(group, pod, uid, answer); });
}

void ForeignController::TakeBound(const std::string& group, const std::string& pod,
                                  const std::string& uid, const Result<std::string>& answer) {
  state::PodEntry* entry = state_.FindPod(pod);
  if (entry == nullptr || entry->pod.meta.uid != uid) return;
  state_.MarkGroup(group);
  if (answer.ok()) {
    actuator_.EmitEvent("Pod", entry->pod.meta,
                        {"Normal", "Scheduled", "bound to " + state::NodeOf(*entry)});
    if (state::ForeignGroup* found = state_.groups().Find(group)) found->refusals = 0;
    return;  // the watch will show the node
  }
  switch (answer.error().code) {
    case Code::kConflict:
      ++counters_.conflicts;
      [[fallthrough]];
    case Code::kUnavailable:
      entry->binding_until_ms = state_.clock().BootMs() + kLateMs;
      break;
    case Code::kInvalid:
    case Code::kForbidden:
      TakeRefusal(group, *entry, answer.error().message);
      break;
    default:
      state_.SetBinding(pod, "");
      if (state::ForeignGroup* found = state_.groups().Find(group)) {
        found->backoff_until_ms =
            std::max(found->backoff_until_ms, state_.clock().BootMs() + kBusyMs);
      }
  }
}

// Only the API server can tell what became of a Binding that nobody answered.
void ForeignController::LookForBinding(const std::string& group, const std::string& pod) {
  state::PodEntry* entry = state_.FindPod(pod);
  if (entry == nullptr) return;
  entry->binding_looking = true;
  actuator_.FindPod(entry->pod.meta.ns, entry->pod.meta.name,
                    [this, group, pod, uid = entry->pod.meta.uid](
                        const Result<std::string>& answer) { TakeLook(group, pod, uid, answer); });
}

void ForeignController::TakeLook(const std::string& group, const std::string& pod,
                                 const std::string& uid, const Result<std::string>& answer) {
  state::PodEntry* entry = state_.FindPod(pod);
  if (entry == nullptr || entry->pod.meta.uid != uid) return;
  state_.MarkGroup(group);
  entry->binding_looking = false;
  if (entry->binding_node.empty()) return;
  entry->binding_until_ms = state_.clock().BootMs() + kAskAgainMs;
  if (!answer.ok()) return;
  const std::vector<api::Pod> there = api::DecodeList<api::Pod>(*answer);
  const bool bound =
      !there.empty() && there.front().meta.uid == uid && !there.front().node_name.empty();
  if (!bound) state_.SetBinding(pod, "");  // else the watch will show it
}

void ForeignController::TakeRefusal(const std::string& group, state::PodEntry& pod,
                                    const std::string& message) {
  ++counters_.refused;
  const std::string text = "binding pod " + pod.pod.meta.name + " to node " + pod.binding_node +
                           " was refused: " + message;
  base::LogInfo("binding refused", {{"group", group}, {"error", text}});
  actuator_.EmitEvent("Pod", pod.pod.meta, {"Warning", "FailedBinding", text});
  state_.SetBinding(api::KeyOf(pod.pod.meta), "");
  state::ForeignGroup* found = state_.groups().Find(group);
  if (found == nullptr) return;
  const std::int64_t boot = state_.clock().BootMs();
  // Several pods of one start that are refused together count once.
  if (boot >= found->backoff_until_ms) ++found->refusals;
  found->refusal = text;
  found->backoff_until_ms = boot + GroupBackoffMs(found->refusals);
}

// ---- Deleting and telling ----

void ForeignController::Evict(const std::string& key, const std::string& text) {
  state::ForeignGroup* group = state_.groups().Find(key);
  if (group == nullptr || group->evicting) return;
  bool first = true;
  for (const std::string& pod : std::set<std::string>(group->pods)) {
    const state::PodEntry* entry = state_.FindPod(pod);
    if (entry == nullptr) continue;
    if (entry->pod.node_name.empty() && entry->binding_node.empty()) continue;
    if (first) actuator_.EmitEvent("Pod", entry->pod.meta, {"Normal", "Preempted", text});
    first = false;
    if (entry->pod.meta.deletion.unix_ms == 0) {
      DeletePod(*group, pod);
    } else {
      group->deletes.insert(entry->pod.meta.uid);  // going already: waited for
    }
  }
  group->evicting = !group->deletes.empty();
  Fold(*group, false);
  state_.MarkGroup(group->key);
}

void ForeignController::DeletePod(state::ForeignGroup& group, const std::string& pod) {
  const state::PodEntry* entry = state_.FindPod(pod);
  if (entry == nullptr) return;
  const api::Meta& meta = entry->pod.meta;
  if (!group.deletes.insert(meta.uid).second) return;
  const api::Tenant* tenant = state_.FindTenant(state_.TenantOf(meta.ns));
  const std::int64_t grace = state::GraceOf(entry->pod, -1, tenant);
  actuator_.DeletePod(meta.ns, meta.name, api::RenderDelete(meta.uid, grace),
                      [this, key = group.key, uid = meta.uid](const Result<std::string>& answer) {
                        if (answer.ok()) ++counters_.deleted;
                        if (answer.ok() || answer.error().code == Code::kNotFound) return;
                        if (state::ForeignGroup* again = state_.groups().Find(key)) {
                          again->deletes.erase(uid);
                          wake_(key, 500);
                        }
                      });
}

void ForeignController::Tell(const std::string& group, const PodText& tell) {
  const state::PodEntry* entry = state_.FindPod(tell.key);
  if (entry == nullptr) return;
  std::string patch = api::PodUnschedulablePatch(entry->pod, tell.text, state_.clock().Now());
  if (patch.empty()) return;
  // A refused write is not repeated by itself: a look a little later decides by what the pod says
  // then.
  actuator_.PatchPodStatus(entry->pod, std::move(patch),
                           [this, group, pod = tell.key](const Result<std::string>& answer) {
                             state::ForeignGroup* found = state_.groups().Find(group);
                             if (answer.ok() || found == nullptr) return;
                             base::LogDebug("pod condition", {{"error", answer.error().message}});
                             if (!found->pods.contains(pod)) return;
                             found->tell_at[pod] = state_.clock().BootMs() + kTellAgainMs;
                             wake_(group, kTellAgainMs);
                           });
}

}  // namespace muster::op
