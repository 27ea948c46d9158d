#include "drift.h"

#include <utility>

#include "muster/api/render.h"
#include "muster/base/log.h"

namespace muster::op {
namespace {

constexpr std::int64_t kAgeMs = 30'000;
constexpr std::int64_t kPeriodMs = 10'000;
constexpr std::size_t kMostLines = 20;  // of one look

// Pods of ours that no placement covers and that nobody is deleting.
void FindStrays(const state::ClusterState& state, std::set<std::string>& drift) {
  const std::int64_t now = state.clock().Now().unix_ms;
  for (const auto& [key, pod] : state.pods()) {
    if (pod.slot.attempt == 0 || pod.pod.terminal() || pod.pod.meta.deletion.unix_ms != 0) continue;
    if (now - pod.pod.meta.created.unix_ms < kAgeMs) continue;
    const state::JobEntry* job = state.FindJobByUid(state::OwnerJobUid(pod.pod));
    if (job == nullptr) continue;  // deleted: the garbage collector's work
    if (!job->placement || job->placement->attempt != pod.slot.attempt) {
      drift.insert("pod " + key + " has no placement");
    }
  }
}

// Only while the placement is Committed: once every pod has been seen, a missing one is lost, which
// the Job controller handles.
bool IsWatched(const state::JobEntry& entry) {
  return entry.placement && entry.backing == state::Backing::kStatus &&
         entry.placement->state == api::PlacementState::kCommitted &&
         entry.job.meta.deletion.unix_ms == 0 && !entry.release && entry.refusal.empty() &&
         entry.ledger.failures == 0;
}

void FindMissing(const state::ClusterState& state, std::set<std::string>& drift) {
  const std::int64_t now = state.clock().Now().unix_ms;
  for (const auto& [key, entry] : state.jobs()) {
    if (!IsWatched(entry) || now - entry.placement->committed_at.unix_ms < kAgeMs) continue;
    for (const state::Slot& slot : entry.slots) {
      if (slot.seen) continue;
      const std::string name = api::PodName(entry.job, entry.job.spec.tasks[slot.task].name,
                                            slot.index, entry.placement->attempt);
      // One that was asked for is looked for by the Job controller.
      if (entry.ledger.creates.contains(name)) continue;
      drift.insert("pod " + entry.job.meta.ns + "/" + name + " is missing");
    }
  }
}

}  // namespace

std::set<std::string> FindDrift(const state::ClusterState& state) {
  std::set<std::string> drift;
  FindStrays(state, drift);
  FindMissing(state, drift);
  return drift;
}

void DriftCheck::Look(bool current, std::int64_t throttled) {
  const std::int64_t now_ms = state_.clock().BootMs();
  if (now_ms < next_ms_) return;
  next_ms_ = now_ms + kPeriodMs;
  const bool held_back = std::exchange(throttled_, throttled) != throttled;
  if (held_back || !current) return;
  std::set<std::string> now = FindDrift(state_);
  std::set<std::string> twice;
  std::size_t lines = 0;
  for (const std::string& place : now) {
    if (!before_.contains(place)) continue;
    twice.insert(place);
    if (!twice_.contains(place) && ++lines <= kMostLines) {
      base::LogError("drift", {{"what", place}});
    }
  }
  before_ = std::move(now);
  twice_ = std::move(twice);
  metrics_.Set(telemetry::Metric::kDrift, {}, static_cast<double>(twice_.size()));
}

}  // namespace muster::op
