#include "muster/state/job_entry.h"

#include "muster/base/hash.h"
#include "muster/base/text.h"

namespace muster::state {
namespace {

constexpr std::size_t kMaxReplicas = 10'000;  // crds/jobs.yaml

// `before`: the slots as they were, by rank.
void AddSlots(JobEntry& entry, std::int32_t assignment,
              const std::map<std::int32_t, Slot>& before) {
  const api::Assignment& a = entry.placement->assignments[assignment];
  const std::int32_t task = TaskIndex(entry, a.task);
  const auto indexes = base::ParseRanges(a.indexes.str(), kMaxReplicas);
  if (task < 0 || !indexes) return;
  for (const std::int32_t index : *indexes) {
    const std::int32_t rank = RankOf(entry, task, index);
    if (rank < 0 || entry.slot_of[rank] >= 0) continue;
    entry.slot_of[rank] = static_cast<std::int32_t>(entry.slots.size());
    Slot slot{task, index, assignment};
    if (const auto it = before.find(rank); it != before.end()) {
      slot.seen = it->second.seen;
      slot.given_up = it->second.given_up;
    }
    entry.slots.push_back(slot);
  }
}

}  // namespace

std::int32_t RankOf(const JobEntry& entry, std::int32_t task, std::int32_t index) {
  if (task < 0 || task >= static_cast<std::int32_t>(entry.rank_offset.size())) return -1;
  if (index < 0 || index >= entry.job.spec.tasks[task].replicas) return -1;
  return entry.rank_offset[task] + index;
}

Template* TemplateOf(const JobEntry& entry, std::int32_t task) {
  const auto count = static_cast<std::int32_t>(entry.templates.size());
  return task >= 0 && task < count ? entry.templates[task] : nullptr;
}

std::int32_t TaskIndex(const JobEntry& entry, const std::string& name) {
  for (std::size_t i = 0; i < entry.job.spec.tasks.size(); ++i) {
    if (entry.job.spec.tasks[i].name == name) return static_cast<std::int32_t>(i);
  }
  return -1;
}

std::string MadeOf(const api::Job& job) {
  std::string all = job.spec.gpu_model + "/" + std::to_string(job.spec.shared_memory_bytes) + "/";
  for (const api::TaskSpec& task : job.spec.tasks) {
    all += task.name + "/" + std::to_string(task.replicas) + "/" + task.template_json + "\n";
  }
  return base::HashText(all, 12);
}

void RefreshSlots(JobEntry& entry) {
  std::map<std::int32_t, Slot> before;  // by rank
  for (const Slot& slot : entry.slots) {
    before.emplace(RankOf(entry, slot.task, slot.index), slot);
  }
  entry.rank_offset.clear();
  entry.replicas = 0;
  for (const api::TaskSpec& task : entry.job.spec.tasks) {
    entry.rank_offset.push_back(entry.replicas);
    entry.replicas += task.replicas;
  }
  entry.slots.clear();
  entry.slot_of.assign(entry.replicas, -1);
  if (!entry.placement) return;
  for (std::size_t i = 0; i < entry.placement->assignments.size(); ++i) {
    AddSlots(entry, static_cast<std::int32_t>(i), before);
  }
}

void ForgetAttempt(JobEntry& entry) {
  entry.release.reset();
  entry.refusal.clear();
  entry.refusal_quota = false;
  entry.slots.clear();
  entry.placed_from.clear();
}

void RevertPlacement(JobEntry& entry) {
  entry.placement = entry.job.status.placement;
  entry.backing = Backing::kStatus;
  entry.decided_on.clear();
  if (!entry.placement) ForgetAttempt(entry);
  RefreshSlots(entry);
}

const std::string& BeneficiaryOf(const JobEntry& entry) {
  static const std::string none;
  const bool releasing =
      entry.placement && entry.placement->state == api::PlacementState::kReleasing;
  return releasing ? entry.placement->beneficiary_uid.str() : none;
}

std::string UncountedText(const std::string& tenant, const JobEntry& entry) {
  return "tenant " + tenant + " may start nothing until it is known how large the pods of job " +
         entry.key + " are, which are committed";
}

std::int32_t MinMember(const JobEntry& entry) {
  const std::int32_t wanted = entry.job.spec.min_member;
  return wanted > 0 && wanted < entry.replicas ? wanted : entry.replicas;
}

}  // namespace muster::state
