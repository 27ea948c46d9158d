#include "controllers/job/steps.h"

namespace muster::op {

bool Step::Due(base::TimePoint since, std::int64_t seconds) {
  if (since.unix_ms == 0 || seconds <= 0) return false;
  const std::int64_t left = since.unix_ms + seconds * 1000 - facts.now.unix_ms;
  if (left > 0) WakeIn(left);
  return left <= 0;
}

std::string PastActiveDeadline(Step& step) {
  const std::int64_t seconds = step.entry.job.spec.active_deadline_seconds;
  if (!step.Due(step.entry.job.status.start_time, seconds)) return "";
  return "ran longer than spec.activeDeadlineSeconds, " + std::to_string(seconds) + " s";
}

void TellMissedDeadline(Step& step) {
  const base::TimePoint deadline = step.entry.job.spec.deadline;
  if (deadline.unix_ms == 0) return;
  if (deadline > step.facts.now) {
    step.WakeIn(deadline.unix_ms - step.facts.now.unix_ms);
    return;
  }
  if (FindCondition(step.next, "DeadlineMissed") != nullptr) return;
  SetCondition(step.next,
               {"DeadlineMissed", true, "DeadlineMissed",
                "spec.deadline has passed and the job has not finished"},
               step.facts);
  if (step.next.phase.empty()) step.next.phase = step.entry.placement ? "Scheduling" : "Pending";
  step.write = true;
}

}  // namespace muster::op
