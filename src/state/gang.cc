#include "muster/state/gang.h"

#include <algorithm>

#include "muster/api/priority.h"
#include "muster/base/text.h"
#include "muster/state/amounts.h"
#include "muster/state/budgets.h"

namespace muster::state {
namespace {

constexpr std::size_t kMaxReplicas = 10'000;
constexpr std::int32_t kNormal = 500;
constexpr std::int64_t kUsualGraceSeconds = 30;  // of a pod that does not say

sched::VictimPolicy ToVictimPolicy(const std::string& policy) {
  return policy == "Reclaim" ? sched::VictimPolicy::kReclaim : sched::VictimPolicy::kLowerPriority;
}

sched::Gang Common(ClusterState& state, const JobEntry& entry) {
  const api::Job& job = entry.job;
  const std::string tenant_name = state.TenantOf(job.meta.ns);
  const api::Tenant* tenant = state.FindTenant(tenant_name);
  sched::Gang gang;
  gang.uid = job.meta.uid;
  gang.name = entry.key;
  gang.ns = job.meta.ns;
  gang.tenant = tenant_name;
  if (const auto it = job.meta.annotations.find(api::kAnnotationUser);
      it != job.meta.annotations.end()) {
    gang.user = it->second;
  }
  gang.priority = BasePriority(job.spec, tenant);
  gang.submit = job.meta.created;
  gang.pending_since =
      job.status.pending_since.unix_ms != 0 ? job.status.pending_since : job.meta.created;
  gang.waited_ms = job.status.waited_seconds * 1000;
  gang.deadline = job.spec.deadline;
  gang.bound_ms = job.spec.max_runtime_seconds * 1000;
  gang.preemptions = job.status.preemptions;
  gang.victim_policy = ToVictimPolicy(job.spec.preemption.policy);
  const api::TenantPreemption caps =
      tenant == nullptr ? api::TenantPreemption{} : tenant->spec.preemption;
  // The lower, the sooner it is protected for good: what the tenant says is the least it must bear.
  gang.max_preemptions = std::max(job.spec.preemption.max_preemptions, caps.max_preemptions);
  return gang;
}

// Each pod ends in its own time, and the place is free when the last one has.  Pods that are there
// tell it themselves; of others there may be no answer to a dry run yet.
std::int64_t LongestGraceMs(ClusterState& state, const JobEntry& entry, const api::Tenant* tenant) {
  const std::int64_t asked = entry.job.spec.preemption.grace_period_seconds;
  std::int64_t longest_s = 0;
  for (const Template* made : entry.templates) {
    if (!made->known) continue;
    longest_s = std::max(longest_s, GraceSeconds(made->grace_seconds, asked, tenant));
  }
  for (const std::string& key : entry.pods) {
    const PodEntry* pod = state.FindPod(key);
    if (pod == nullptr || pod->pod.terminal() || pod->left_behind) continue;
    longest_s = std::max(longest_s, GraceSeconds(pod->pod.grace_seconds, asked, tenant));
  }
  if (longest_s == 0) longest_s = GraceSeconds(kUsualGraceSeconds, asked, tenant);
  return longest_s * 1000;
}

void AddRunning(ClusterState& state, const JobEntry& entry, sched::Gang& gang) {
  const api::Placement& placement = *entry.placement;
  const api::Tenant* tenant = state.FindTenant(gang.tenant);
  gang.state = placement.state == api::PlacementState::kReleasing || entry.release
                   ? sched::GangState::kReleasing
                   : sched::GangState::kRunning;
  gang.borrowing = placement.borrowing;
  gang.started = placement.committed_at;
  gang.beneficiary =
      entry.release ? entry.release->beneficiary_uid : placement.beneficiary_uid.str();
  std::int64_t protect_s = entry.job.spec.preemption.min_runtime_seconds;
  if (tenant != nullptr) {
    protect_s = std::min(protect_s, tenant->spec.preemption.max_min_runtime_seconds);
  }
  gang.protected_until = {gang.started.unix_ms + protect_s * 1000};
  gang.grace_ms = LongestGraceMs(state, entry, tenant);
  if (entry.job.spec.max_runtime_seconds > 0) {
    gang.bound_end = {gang.started.unix_ms + entry.job.spec.max_runtime_seconds * 1000};
  }
}

// False while a template's answer is not there: the gang cannot be described yet.
bool AddTasks(const ClusterState& state, const JobEntry& entry, sched::Gang& gang) {
  const auto wanted = WantedIndexes(entry);
  for (std::size_t i = 0; i < entry.job.spec.tasks.size(); ++i) {
    if (wanted[i].empty()) continue;
    const Template* found = TemplateOf(entry, static_cast<std::int32_t>(i));
    if (found == nullptr || !Describable(*found)) return false;
    sched::GangTask task;
    task.name = entry.job.spec.tasks[i].name;
    task.shape = found->shape;
    task.replicas = static_cast<std::int32_t>(wanted[i].size());
    task.limits = found->limits;
    task.ties = state.TiesOfTask(entry, static_cast<std::int32_t>(i));
    gang.tasks.push_back(std::move(task));
  }
  return !gang.tasks.empty();
}

}  // namespace

std::int32_t BasePriority(const api::JobSpec& spec, const api::Tenant* tenant) {
  if (spec.priority_value) return *spec.priority_value;
  if (!spec.priority_class.empty()) {
    return api::PriorityOf(spec.priority_class.str()).value_or(kNormal);
  }
  if (tenant != nullptr && tenant->spec.priority_class_set) {
    return api::PriorityOf(tenant->spec.priority_class).value_or(kNormal);
  }
  return kNormal;
}

namespace {

// Sets `done` for every index of the ranges that the task has.
void Mark(const std::string& ranges, std::vector<bool>& done) {
  const auto indexes = base::ParseRanges(ranges, kMaxReplicas);
  if (!indexes) return;
  for (const std::int32_t i : *indexes) {
    if (i < static_cast<std::int32_t>(done.size())) done[i] = true;
  }
}

}  // namespace

std::vector<std::vector<std::int32_t>> WantedIndexes(const JobEntry& entry) {
  const api::JobSpec& spec = entry.job.spec;
  std::vector<std::vector<std::int32_t>> wanted(spec.tasks.size());
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    std::vector<bool> done(spec.tasks[t].replicas, false);
    for (const api::TaskStatus& status : entry.job.status.tasks) {
      if (status.name != spec.tasks[t].name) continue;
      Mark(status.succeeded, done);
      Mark(status.failed, done);
    }
    for (std::int32_t i = 0; i < spec.tasks[t].replicas; ++i) {
      const std::int32_t rank = RankOf(entry, static_cast<std::int32_t>(t), i);
      const bool placed = entry.placement && rank >= 0 && entry.slot_of[rank] >= 0;
      if (!done[i] && !placed) wanted[t].push_back(i);
    }
  }
  return wanted;
}

std::int64_t GraceSeconds(std::int64_t own, std::int64_t asked, const api::Tenant* tenant) {
  const api::TenantPreemption caps =
      tenant == nullptr ? api::TenantPreemption{} : tenant->spec.preemption;
  const std::int64_t most = std::max<std::int64_t>(1, caps.max_grace_period_seconds);
  return std::clamp<std::int64_t>(asked < 0 ? own : asked, 1, most);
}

std::int64_t GraceOf(const api::Pod& pod, std::int64_t asked, const api::Tenant* tenant) {
  const std::int64_t given = GraceSeconds(pod.grace_seconds, asked, tenant);
  return given == pod.grace_seconds ? -1 : given;
}

std::optional<sched::Gang> BuildGang(ClusterState& state, const JobEntry& entry, bool eligible) {
  if (api::Finished(entry.job.status)) return std::nullopt;
  if (!entry.placement && !eligible) return std::nullopt;
  sched::Gang gang = Common(state, entry);
  if (entry.placement) {
    AddRunning(state, entry, gang);
    gang.budgets = SharesOfBudgets(state, gang.ns, entry.pods);
    return gang;
  }
  if (!AddTasks(state, entry, gang)) return std::nullopt;
  std::int32_t wanted = 0;
  for (const sched::GangTask& task : gang.tasks) wanted += task.replicas;
  gang.min_replicas = std::min(wanted, MinMember(entry));
  return gang;
}

std::optional<sched::Gang> BuildMoreGang(ClusterState& state, const JobEntry& entry,
                                         bool eligible) {
  const bool whole = MinMember(entry) == entry.replicas;
  if (!eligible || whole || !entry.placement || entry.backing != Backing::kStatus ||
      entry.placement->state == api::PlacementState::kReleasing || entry.release) {
    return std::nullopt;
  }
  sched::Gang gang = Common(state, entry);
  gang.more_of = gang.uid;
  gang.uid = MoreUid(gang.uid);
  if (!AddTasks(state, entry, gang)) return std::nullopt;
  gang.min_replicas = 1;
  return gang;
}

}  // namespace muster::state
