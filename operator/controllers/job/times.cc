#include <algorithm>

#include "controllers/job/steps.h"

namespace muster::op {

bool Step::Due(base::TimePoint since, std::int64_t seconds) {
  if (since.unix_ms == 0 || seconds <= 0) return false;
  const std::int64_t left = since.unix_ms + seconds * 1000 - facts.now.unix_ms;
  if (left > 0) WakeIn(left);
  return left <= 0;
}

namespace {

// Of this attempt's pods, by their kubelets; 0 while none has started.
base::TimePoint FirstStart(const Step& step) {
  base::TimePoint first;
  for (const state::PodEntry* pod : step.facts.pods) {  // those that have ended too
    const base::TimePoint started = pod->pod.started;
    if (started.unix_ms == 0 || pod->slot.attempt != step.entry.placement->attempt) continue;
    if (first.unix_ms == 0 || started < first) first = started;
  }
  if (first.unix_ms == 0) return first;
  return std::max(first, step.entry.placement->committed_at);  // kubelets' clocks differ
}

void AddWait(api::JobStatus& next, base::TimePoint since, base::TimePoint until) {
  const std::int64_t waited = until.unix_ms - since.unix_ms;
  if (since.unix_ms != 0 && waited > 0) next.waited_seconds += waited / 1000;
}

}  // namespace

void NoteWait(Step& step) {
  api::JobStatus& next = step.next;
  if (api::Waits(next.phase)) AddWait(next, next.pending_since, step.facts.now);
}

void NoteStart(Step& step) {
  api::JobStatus& next = step.next;
  if (next.start_time.unix_ms == 0) next.start_time = FirstStart(step);
  // Counted with the first word of this attempt, or when the job was suspended.
  if (next.placement || next.phase == "Suspended") return;
  base::TimePoint since = next.pending_since;
  if (since.unix_ms == 0 && step.entry.placement->attempt == 1) since = step.entry.job.meta.created;
  AddWait(next, since, step.entry.placement->committed_at);
}

std::string PastActiveDeadline(Step& step) {
  const std::int64_t seconds = step.entry.job.spec.active_deadline_seconds;
  base::TimePoint since = step.entry.job.status.start_time;
  if (since.unix_ms == 0 && step.entry.placement) since = step.entry.placement->committed_at;
  if (!step.Due(since, seconds)) return "";
  return "ran longer than spec.activeDeadlineSeconds, " + std::to_string(seconds) + " s";
}

void TellMissedDeadline(Step& step) {
  const base::TimePoint deadline = step.entry.job.spec.deadline;
  const api::Condition* told = FindCondition(step.next.conditions, "DeadlineMissed");
  const bool missed = told != nullptr && told->status == "True";
  if (deadline.unix_ms == 0 || deadline > step.facts.now) {
    if (deadline.unix_ms != 0) step.WakeIn(deadline.unix_ms - step.facts.now.unix_ms);
    if (missed) {
      ClearCondition(step.next, "DeadlineMissed", "DeadlineMoved", step.facts);
      step.write = true;
    }
    return;
  }
  if (missed) return;
  SetCondition(step.next,
               {"DeadlineMissed", true, "DeadlineMissed",
                "spec.deadline has passed and the job has not finished"},
               step.facts);
  if (step.next.phase.empty()) step.next.phase = step.entry.placement ? "Scheduling" : "Pending";
  step.write = true;
}

}  // namespace muster::op
