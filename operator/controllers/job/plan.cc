#include "controllers/job/plan.h"

#include <algorithm>

#include "controllers/job/steps.h"
#include "muster/state/gang.h"

namespace muster::op {
namespace {

// A refused write is tried again after 0.1 s, 0.2 s, … 30 s.
std::int64_t RetryDelayMs(std::int32_t failures) {
  return std::min<std::int64_t>(30'000, 100LL << std::min(failures, 9));
}

void DeleteStrays(Step& step) {
  for (const state::PodEntry* pod : step.tally.strays) {
    if (pod->pod.meta.deletion.unix_ms != 0) continue;
    if (step.entry.ledger.deletes.contains(pod->pod.meta.uid)) continue;
    const std::int64_t grace = state::GraceOf(pod->pod, -1, step.facts.tenant_object);
    step.actions.deletes.push_back({api::KeyOf(pod->pod.meta), pod->pod.meta.uid, grace});
  }
}

// Creates that the watch does not show: whether the pod is there, only the API server knows.
void LookForPods(Step& step) {
  for (const auto& [pod, create] : step.entry.ledger.creates) {
    if (create.in_flight || create.looking || create.look_at_ms == 0) continue;
    const std::int64_t left = create.look_at_ms - step.facts.boot_ms;
    if (left > 0) {
      step.WakeIn(left);
    } else {
      step.actions.look_for.push_back(pod);
    }
  }
}

void PlanFinished(Step& step) {
  const auto& ttl = step.entry.job.spec.ttl_seconds_after_finished;
  if (!ttl || step.entry.ledger.job_delete) return;
  const std::int64_t left =
      step.next.completion_time.unix_ms + *ttl * 1000 - step.facts.now.unix_ms;
  if (left <= 0) {
    step.actions.delete_job = true;
  } else {
    step.WakeIn(left);
  }
}

// Once every pod has been seen that will be, the next status write says so: a missing pod is lost
// from then on.
void NoteMaterialised(Step& step) {
  if (!step.next.placement || step.next.placement->state != api::PlacementState::kCommitted) return;
  const bool all = std::all_of(step.entry.slots.begin(), step.entry.slots.end(),
                               [](const state::Slot& slot) { return slot.seen || slot.given_up; });
  if (all && !step.entry.slots.empty()) {
    step.next.placement->state = api::PlacementState::kMaterialised;
  }
}

}  // namespace

void Step::WakeIn(std::int64_t ms) {
  const std::int64_t in = std::max<std::int64_t>(ms, 1);
  if (actions.wake_in_ms == 0 || in < actions.wake_in_ms) actions.wake_in_ms = in;
}

void Step::Event(std::string type, std::string reason, std::string message) {
  actions.events.push_back({std::move(type), std::move(reason), std::move(message)});
}

JobActions PlanJob(const state::JobEntry& entry, const JobFacts& facts) {
  const Tally tally = CountPods(entry, facts);
  Step step{entry, facts, tally, entry.job.status, {}, false};
  step.actions.counted = tally.tasks;
  if (entry.job.meta.deletion.unix_ms != 0) return step.actions;

  // 0. What the time alone changes: a node that stays silent.
  if (tally.look_at.unix_ms != 0) step.WakeIn(tally.look_at.unix_ms - facts.now.unix_ms);

  // 1. Pods that belong to no current placement go; those that do not show up are asked for.
  DeleteStrays(step);
  LookForPods(step);

  // 2. One status write at a time, and none too soon after one that was refused.
  const state::Ledger& ledger = entry.ledger;
  const std::int64_t back_off =
      ledger.failures == 0 ? 0
                           : ledger.failed_at_ms + RetryDelayMs(ledger.failures) - facts.boot_ms;
  if (ledger.status_in_flight || ledger.reading || back_off > 0 || ledger.doubted) {
    if (back_off > 0) step.WakeIn(back_off);
    step.actions.read_back = !ledger.status_in_flight && !ledger.reading && back_off <= 0;
    step.actions.eligible = entry.eligible;
    return step.actions;
  }

  // 3. By where the job stands.
  if (api::Finished(entry.job.status)) {
    PlanFinished(step);
    return step.actions;
  }
  step.next.observed_generation = entry.job.meta.generation;
  if (!entry.placement) {
    PlanWaiting(step);
  } else if (entry.placement->state == api::PlacementState::kReleasing) {
    PlanReleasing(step);
  } else {
    PlanPlaced(step);
  }

  // 4. What is written is written whole.  An edit is acknowledged even if it changes nothing else;
  // not while a placement stands in no status yet, because the write would seem to deny it.
  const std::int64_t seen = entry.job.status.observed_generation;
  const bool told = !entry.placement || entry.job.status.placement;
  if (told && seen != 0 && seen != entry.job.meta.generation) step.write = true;
  if (step.write && !step.actions.drop_placement) {
    SetCommon(step.next, entry, facts, tally);
    NoteMaterialised(step);
    step.actions.status = std::move(step.next);
  }
  return std::move(step.actions);
}

}  // namespace muster::op
