// What a job says of its replicas above minMember that are still to be placed, in the condition
// AllReplicasScheduled.  Jobs that have all their replicas from the start do not have it.
#include <algorithm>

#include "controllers/job/steps.h"

namespace muster::op {
namespace {

constexpr std::string_view kAllReplicas = "AllReplicasScheduled";

// In how many ms the reason is worth a write of its own: soon the first time, seldom after that.
std::int64_t DelayMs(const Step& step, bool first) {
  constexpr std::int64_t kSettleMs = 500;
  constexpr std::int64_t kAgainMs = 10'000;
  const std::int64_t settled = step.entry.more_hold->since_ms + kSettleMs;
  const std::int64_t again = first ? 0 : step.entry.message_written_ms + kAgainMs;
  return std::max(settled, again) - step.facts.boot_ms;
}

}  // namespace

void TellUnplaced(Step& step) {
  const std::optional<state::HoldView>& held = step.entry.more_hold;
  const std::int32_t left = step.entry.replicas - step.tally.placed;
  if (left <= 0 || !held || !step.actions.eligible) return;
  const std::string_view reason = ToString(held->reason);
  const api::Condition* told = FindCondition(step.next.conditions, kAllReplicas);
  const bool first = told == nullptr || told->status != "False";
  if (!step.write) {
    // New numbers go with the next write, and so does the reason until the job runs.
    if (step.next.attempt_ready_at.unix_ms == 0 || (!first && told->reason == reason)) return;
    if (const std::int64_t delay = DelayMs(step, first); delay > 0) {
      step.WakeIn(delay);
      return;
    }
  }
  const std::string text = std::to_string(left) + " of " + std::to_string(step.entry.replicas) +
                           (left == 1 ? " replicas waits: " : " replicas wait: ") + held->text;
  SetCondition(step.next, {kAllReplicas, false, reason, CutMessage(text)}, step.facts);
  step.write = true;
}

void TellAllPlaced(Step& step) {
  if (static_cast<std::int32_t>(step.entry.slots.size()) < step.entry.replicas) return;
  if (FindCondition(step.next.conditions, kAllReplicas) == nullptr) return;
  SetCondition(step.next, {kAllReplicas, true, "Scheduled", ""}, step.facts);
}

void TellNonePlaced(Step& step, api::ReleaseCause cause, const std::string& message) {
  if (FindCondition(step.next.conditions, kAllReplicas) == nullptr) return;
  SetCondition(step.next, {kAllReplicas, false, CauseWord(cause), message}, step.facts);
}

}  // namespace muster::op
