#include <algorithm>

#include "controllers/job/steps.h"
#include "muster/base/text.h"
#include "muster/state/gang.h"

namespace muster::op {
namespace {

bool ForAnother(api::ReleaseCause cause) {
  return cause == api::ReleaseCause::kPreempted || cause == api::ReleaseCause::kReclaimed;
}

// Back to the queue.  `not_before` keeps it from the next attempt.
void Requeue(Step& step, std::string_view reason, const std::string& message,
             std::int64_t delay_s) {
  api::JobStatus& next = step.next;
  next.phase = "Pending";
  next.reason = reason;
  next.message = CutMessage(message);
  next.pending_since = step.facts.now;
  // The status keeps whole seconds; what was cut off would shorten the delay.
  const std::int64_t until = step.facts.now.unix_ms + delay_s * 1000;
  next.not_before = {delay_s > 0 ? (until + 999) / 1000 * 1000 : 0};
  SetCondition(next, {"Requeued", true, reason, message}, step.facts);
}

// Replicas that are independent keep their results; a gang runs again as a whole.
void ResetResults(Step& step) {
  step.next.tasks = step.tally.tasks;
  const bool independent = MinMember(step.entry) == 1 && step.entry.replicas > 1;
  for (api::TaskStatus& task : step.next.tasks) {
    task.ready = 0;
    task.failed.clear();
    if (!independent) task.succeeded.clear();
  }
}

void AfterFailure(Step& step, std::string_view reason, const std::string& message) {
  const api::RetryPolicy& retry = step.entry.job.spec.retry;
  const std::int32_t failures = ++step.next.failures;
  if (failures > retry.max_retries) {
    step.next.tasks = step.tally.tasks;
    const std::string used = retry.max_retries == 0
                                 ? "; spec.retryPolicy.maxRetries is 0"
                                 : "; all " + std::to_string(retry.max_retries) + " retries used";
    Finish(step, "Failed", reason, message + used);
    return;
  }
  ResetResults(step);
  const std::int64_t delay = BackoffSeconds(retry, failures);
  const std::string text = message + "; retry " + std::to_string(failures) + " of " +
                           std::to_string(retry.max_retries) + " in " + std::to_string(delay) +
                           " s";
  Requeue(step, "WaitingForRetry", text, delay);
  step.Event("Warning", "Retry", text);
}

// Ends of the infrastructure are not counted, but a loop of them must not spin.
std::int64_t UncountedDelay(const Step& step) {
  const std::int32_t attempt = std::clamp(step.entry.placement->attempt, 1, 7);
  return std::int64_t{1} << (attempt - 1);
}

void EndAttempt(Step& step, api::ReleaseCause cause, const std::string& message) {
  api::JobStatus& next = step.next;
  NoteStart(step);
  next.attempt = step.entry.placement->attempt;
  next.placement.reset();
  next.attempt_ready_at = {};
  SetCondition(next, {"QuotaReserved", false, CauseWord(cause), ""}, step.facts);
  SetCondition(next, {"Scheduled", false, CauseWord(cause), message}, step.facts);
  ClearCondition(next, "PodsReady", CauseWord(cause), step.facts);
  TellNonePlaced(step, cause, message);
  step.write = true;
  step.actions.lane = kube::Lane::kTerminal;
  switch (cause) {
    case api::ReleaseCause::kCancelled:
      next.tasks = step.tally.tasks;
      Finish(step, "Cancelled", "Cancelled", "cancelled by spec.cancel");
      return;
    case api::ReleaseCause::kDeadline:
      next.tasks = step.tally.tasks;
      Finish(step, "Failed", CauseWord(cause), message);
      return;
    case api::ReleaseCause::kFailed:
    case api::ReleaseCause::kMaxRuntime:
      AfterFailure(step, CauseWord(cause), message);
      return;
    case api::ReleaseCause::kSuspended:
      ResetResults(step);
      BeSuspended(step, message);
      return;
    case api::ReleaseCause::kPreempted:
    case api::ReleaseCause::kReclaimed:
      ResetResults(step);
      ++next.preemptions;
      Requeue(step, "PendingEvaluation", message, 0);
      step.Event("Normal", "Requeued",
                 "requeued after preemption " + std::to_string(next.preemptions));
      return;
    case api::ReleaseCause::kRefused:
      ResetResults(step);
      Requeue(step, step.entry.refusal_quota ? "WaitingForQuota" : "Misconfigured", message,
              std::max<std::int64_t>(5, UncountedDelay(step)));
      if (!step.entry.refusal_quota) {
        SetCondition(next, {"Misconfigured", true, "PodRefused", message}, step.facts);
      }
      return;
    default:
      ResetResults(step);
      Requeue(step, "WaitingForRetry", message, UncountedDelay(step));
      step.Event("Warning", std::string(CauseWord(cause)), message);
      return;
  }
}

std::string WithoutWait(const std::string& message) {
  return message.substr(0, message.find(kUntilItEnds));
}

// Only pods on silent nodes are left: the attempt ends when it is known that they have, or when the
// job may go on without that.
void WaitForLostNode(Step& step) {
  if (step.tally.live == 0 || step.tally.live > step.tally.stranded) return;
  const base::TimePoint until = step.tally.replace_at;
  if (until.unix_ms != 0 && until <= step.facts.now) return;  // as soon as they are deleted
  api::JobStatus& next = step.next;
  const std::string_view reason = ToString(sched::Reason::kWaitingForLostNode);
  const bool told = next.reason == reason;
  std::string text = WithoutWait(next.message);
  if (!told && next.placement->cause != api::ReleaseCause::kNodeLost) {
    text += (text.empty() ? "" : "; ") + DescribeLostNode(step.tally);
  }
  const std::string wait = UntilItEnds(until);
  text = base::CutText(text, kMaxMessage - wait.size()) + wait;
  if (told && next.message == text) return;
  next.reason = reason;
  next.message = text;
  next.tasks = step.tally.tasks;
  step.write = true;
}

// Nothing of the attempt runs any more that the job has to wait for.
bool MayEnd(const Step& step) {
  return step.tally.live == step.tally.overdue && step.entry.ledger.creates.empty();
}

// Ends it, though pods that nobody can ask may still run: whoever reads of the next attempt must
// know.
void EndWithout(Step& step, api::ReleaseCause cause, const std::string& message) {
  if (step.tally.overdue == 0) {
    EndAttempt(step, cause, message);
    return;
  }
  const std::int32_t attempt = step.entry.placement->attempt;
  const std::string lost = DescribeLostNode(step.tally);
  const std::string said =
      message.find(lost) == std::string::npos ? message + "; " + lost : message;
  EndAttempt(step, cause, said + ", which may still run there beside what follows");
  step.Event("Warning", "MayRunTwice",
             lost + "; attempt " + std::to_string(attempt) +
                 " ended without waiting for it (spec.podReplacementPolicy is TerminatingOrFailed, "
                 "spec.unreachableSeconds is " +
                 std::to_string(step.entry.job.spec.unreachable_seconds) +
                 "): what it does may be done twice");
}

void DeleteLive(Step& step, api::ReleaseCause cause) {
  for (const state::PodEntry* pod : step.tally.mine) {
    if (pod->pod.meta.deletion.unix_ms != 0) continue;
    if (step.entry.ledger.deletes.contains(pod->pod.meta.uid)) continue;
    const std::int64_t asked =
        ForAnother(cause) ? step.entry.job.spec.preemption.grace_period_seconds : -1;
    const std::int64_t grace = state::GraceOf(pod->pod, asked, step.facts.tenant_object);
    step.actions.deletes.push_back({api::KeyOf(pod->pod.meta), pod->pod.meta.uid, grace});
  }
}

}  // namespace

void StartRelease(Step& step, api::ReleaseCause cause, const std::string& message) {
  if (step.entry.backing == state::Backing::kImplied && step.tally.live == 0 &&
      step.tally.failed + step.tally.lost + step.tally.succeeded == 0 &&
      step.entry.ledger.creates.empty()) {
    // Its one pod was never created: there is no attempt to end, except for a refusal, which must
    // be told and waited out.
    if (cause != api::ReleaseCause::kRefused) {
      step.actions.drop_placement = true;
      return;
    }
  }
  if (MayEnd(step)) {
    if (ForAnother(cause)) step.Event("Normal", "Preempted", message);
    EndWithout(step, cause, message);
    return;
  }
  NoteStart(step);
  api::JobStatus& next = step.next;
  next.placement = step.entry.placement;
  next.attempt = step.entry.placement->attempt;
  next.placement->state = api::PlacementState::kReleasing;
  next.placement->cause = cause;
  next.tasks = step.tally.tasks;
  next.reason = CauseWord(cause);
  next.message = CutMessage(message);
  if (ForAnother(cause)) {
    next.phase = "Preempting";
    if (step.entry.release) {
      next.placement->beneficiary = step.entry.release->beneficiary;
      next.placement->beneficiary_uid = step.entry.release->beneficiary_uid;
      next.placement->rule = step.entry.release->rule;
    }
    SetCondition(next, {"Preempted", true, CauseWord(cause), message}, step.facts);
    SetCondition(next, {"Evicted", true, CauseWord(cause), message}, step.facts);
    step.Event("Normal", "Preempted", message);
  } else if (api::Waits(next.phase)) {
    next.phase = "Scheduling";
  }
  step.write = true;
  step.actions.lane = kube::Lane::kCommit;
  WaitForLostNode(step);
}

void PlanReleasing(Step& step) {
  const api::ReleaseCause cause = step.entry.placement->cause;
  if (MayEnd(step)) {
    if (step.tally.succeeded == step.entry.replicas) {  // before anybody told them to end
      Succeed(step);
      return;
    }
    EndWithout(step, cause, WithoutWait(step.entry.job.status.message));
    return;
  }
  // A new leader does not know yet how large the place is that another gang is to get.
  if (!state::BeneficiaryOf(step.entry).empty()) TemplatesReady(step);
  DeleteLive(step, cause);
  WaitForLostNode(step);
}

void Succeed(Step& step) {
  step.next.tasks = step.tally.tasks;
  if (step.entry.placement) {
    NoteStart(step);  // a short job may end before anything else was written about it
    TellStarted(step);
  }
  Finish(step, "Succeeded", "Succeeded",
         "all " + std::to_string(step.entry.replicas) + " pods succeeded");
}

void BeSuspended(Step& step, const std::string& message) {
  api::JobStatus& next = step.next;
  next.phase = "Suspended";
  next.reason = "Suspended";
  next.message = message;
  next.start_time = {};
  step.write = true;
}

void Finish(Step& step, std::string_view phase, std::string_view reason,
            const std::string& message) {
  api::JobStatus& next = step.next;
  const std::int32_t attempt = step.entry.placement ? step.entry.placement->attempt : next.attempt;
  if (step.entry.placement) next.nodes = NodesColumn(*step.entry.placement);
  next.attempt = attempt;
  next.placement.reset();
  next.phase = phase;
  next.reason = phase == "Succeeded" ? "" : std::string(reason);
  next.message = phase == "Succeeded" ? "" : CutMessage(message);
  next.not_before = {};
  next.completion_time = step.facts.now;
  if (step.entry.placement && next.start_time.unix_ms == 0) {
    next.start_time = step.entry.placement->committed_at;
  }
  for (api::TaskStatus& task : next.tasks) task.ready = 0;
  if (phase == "Succeeded") {
    SetCondition(next, {"Complete", true, reason, message}, step.facts);
  } else {
    SetCondition(next, {"Failed", true, reason, message}, step.facts);
    step.Event(phase == "Failed" ? "Warning" : "Normal", std::string(phase), message);
  }
  step.write = true;
  step.actions.lane = kube::Lane::kTerminal;
}

}  // namespace muster::op
