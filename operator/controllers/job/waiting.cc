#include <algorithm>
#include <optional>

#include "controllers/job/steps.h"
#include "muster/api/priority.h"
#include "muster/state/gang.h"

namespace muster::op {
namespace {

using sched::Reason;

struct Wait {
  Reason reason = Reason::kPendingEvaluation;
  std::string text;
  bool at_once = false;                           // told without waiting for it to settle
  const api::Reservation* reservation = nullptr;  // the place that is kept for it; null: none
};

std::string PriorityComplaint(const Step& step) {
  const api::Tenant* tenant = step.facts.tenant_object;
  if (tenant == nullptr || !tenant->spec.priority_class_set) return "";
  const auto most = api::PriorityOf(tenant->spec.priority_class);
  const std::int32_t asked = state::BasePriority(step.entry.job.spec, tenant);
  if (!most || asked <= *most) return "";
  return "spec.priority " + api::PriorityName(asked) + " is above " + tenant->spec.priority_class +
         ", the highest tenant " + tenant->meta.name + " may use (Tenant spec.priorityClass)";
}

// A sentence that begins with a field of a pod, where the user wrote that field.
std::string InTemplate(const Step& step, std::size_t task, const std::string& sentence) {
  if (step.entry.job.spec.short_form) return sentence;
  return "spec.tasks[" + std::to_string(task) + "].template." + sentence;
}

// What the API server or we have against the templates.
std::string TemplateComplaint(const Step& step) {
  for (std::size_t t = 0; t < step.facts.templates.size(); ++t) {
    const state::Template* found = step.facts.templates[t];
    if (found == nullptr) continue;
    if (found->state == state::TemplateState::kRefused) return found->refusal;
    if (found->state != state::TemplateState::kGood) continue;
    for (const std::string& why : {found->needs.unsupported.str(), found->volumes.refusal}) {
      if (!why.empty()) return InTemplate(step, t, why);
    }
  }
  return "";
}

// The first claim that is not there, or not bound yet.
std::string AwaitedClaim(const Step& step) {
  for (std::size_t t = 0; t < step.facts.templates.size(); ++t) {
    const state::Template* found = step.facts.templates[t];
    if (found == nullptr || found->volumes.wait.empty()) continue;
    return InTemplate(step, t, found->volumes.wait);
  }
  return "";
}

}  // namespace

bool TemplatesReady(Step& step) {
  bool ready = true;
  for (std::size_t t = 0; t < step.facts.templates.size(); ++t) {
    const state::Template* found = step.facts.templates[t];
    if (found != nullptr && found->state == state::TemplateState::kGood) continue;
    if (found == nullptr || !Describable(*found)) ready = false;
    if (found == nullptr || found->state == state::TemplateState::kAsked) continue;
    const bool refused = found->state == state::TemplateState::kRefused;
    if (refused && found->retry_at_ms == 0) continue;
    if (refused || found->state == state::TemplateState::kQuota) {
      const std::int64_t left = found->retry_at_ms - step.facts.boot_ms;
      if (left > 0) {
        step.WakeIn(left);
        continue;
      }
    } else if (found->state != state::TemplateState::kUnknown) {
      continue;
    }
    step.actions.ask_templates.push_back(static_cast<std::int32_t>(t));
  }
  return ready;
}

std::string Unanswered(Step& step) {
  constexpr std::int64_t kSilentMs = 5'000;
  for (const state::Template* found : step.facts.templates) {
    if (found == nullptr || found->trouble.empty()) continue;
    const std::int64_t left = found->trouble_since_ms + kSilentMs - step.facts.boot_ms;
    if (left <= 0) {
      return "the API server does not say what the pods would be, and is asked again: " +
             found->trouble;
    }
    step.WakeIn(left);
  }
  return "";
}

namespace {

// Pods of earlier attempts whose end the next one has to wait for.
std::vector<const state::PodEntry*> Awaited(const Step& step) {
  std::vector<const state::PodEntry*> pods = step.tally.strays;
  std::erase_if(pods, [&step](const state::PodEntry* pod) {
    return IsOverdue(step.entry, *pod, step.facts);
  });
  return pods;
}

// Those of `awaited` that nobody can end; empty: none.
std::string LostStrays(const Step& step, const std::vector<const state::PodEntry*>& awaited) {
  const state::PodEntry* first = nullptr;
  std::int32_t count = 0;
  for (const state::PodEntry* pod : awaited) {
    if (!IsStranded(step.entry, *pod, step.facts)) continue;
    if (first == nullptr) first = pod;
    ++count;
  }
  if (first == nullptr) return "";
  return DescribeLostNode(first->pod, count - 1) +
         UntilItEnds(ReplaceAt(step.entry, *first, step.facts));
}

std::string QuotaComplaint(const Step& step) {
  for (const state::Template* found : step.facts.templates) {
    if (found == nullptr || found->state != state::TemplateState::kQuota) continue;
    if (!found->refusal.empty()) return found->refusal;
  }
  return "";
}

// A new leader knows within moments; only where it does not is there something to tell.
std::optional<Wait> Uncounted(Step& step) {
  constexpr std::int64_t kSilentMs = 5'000;
  const state::JobEntry& job = *step.facts.uncounted;
  const std::int64_t left = job.uncounted_since_ms + kSilentMs - step.facts.boot_ms;
  if (left <= 0) return Wait{Reason::kWaitingForQuota, UncountedText(step.facts.tenant, job)};
  step.WakeIn(left);
  return std::nullopt;
}

// The first reason in the order of the closed list; nothing: it is just being looked at.
std::optional<Wait> FindReason(Step& step) {
  const api::Job& job = step.entry.job;
  if (!job.invalid.empty()) return Wait{Reason::kMisconfigured, job.invalid, true};
  if (step.facts.tenant.empty() || step.facts.tenant_object == nullptr) {
    const std::string who =
        step.facts.tenant.empty()
            ? "no Tenant claims namespace " + job.meta.ns
            : "Tenant " + step.facts.tenant + " of namespace " + job.meta.ns + " does not exist";
    return Wait{Reason::kNoTenant, who, true};
  }
  if (std::string why = PriorityComplaint(step); !why.empty()) {
    return Wait{Reason::kMisconfigured, why, true};
  }
  const bool ready = TemplatesReady(step);
  if (std::string why = TemplateComplaint(step); !why.empty()) {
    return Wait{Reason::kMisconfigured, why, true};
  }
  const std::int64_t left = job.status.not_before.unix_ms - step.facts.now.unix_ms;
  if (left > 0) {
    step.WakeIn(left);
    Reason kept = Reason::kWaitingForRetry;
    for (const Reason refused : {Reason::kMisconfigured, Reason::kWaitingForQuota}) {
      if (job.status.reason == ToString(refused)) kept = refused;
    }
    return Wait{kept, job.status.message};
  }
  if (!step.facts.over_limit.empty()) {
    return Wait{Reason::kWaitingForQuota, step.facts.over_limit};
  }
  if (std::string why = QuotaComplaint(step); !why.empty()) {
    return Wait{Reason::kWaitingForQuota, why, true};
  }
  if (step.facts.uncounted != nullptr) return Uncounted(step);
  if (std::string why = AwaitedClaim(step); !why.empty()) {
    return Wait{Reason::kNoMatchingNodes, why};
  }
  const std::vector<const state::PodEntry*> awaited = Awaited(step);
  if (std::string why = LostStrays(step, awaited); !why.empty()) {
    return Wait{Reason::kWaitingForLostNode, why};
  }
  if (std::string why = Unanswered(step); !why.empty()) {
    return Wait{Reason::kPendingEvaluation, why};
  }
  step.actions.eligible = ready && awaited.empty() && step.entry.ledger.creates.empty();
  if (!step.actions.eligible || !step.entry.hold) return std::nullopt;
  const state::HoldView& hold = *step.entry.hold;
  if (hold.reason == Reason::kPendingEvaluation) return std::nullopt;
  return Wait{hold.reason, hold.text, false, hold.reservation ? &*hold.reservation : nullptr};
}

// Whether this text is worth a write now: a new reason soon, new numbers seldom.
bool Due(Step& step, const Wait& wait, bool new_reason) {
  constexpr std::int64_t kSettleMs = 500;
  constexpr std::int64_t kRewordMs = 10'000;
  if (wait.at_once) return true;
  const std::int64_t since = step.entry.hold ? step.entry.hold->since_ms : 0;
  const std::int64_t age =
      step.facts.boot_ms - (new_reason ? since : step.entry.message_written_ms);
  const std::int64_t least = new_reason ? kSettleMs : kRewordMs;
  if (age >= least) return true;
  step.WakeIn(least - age);
  return false;
}

void Tell(Step& step, const Wait& wait) {
  api::JobStatus& next = step.next;
  const std::string reason(ToString(wait.reason));
  const bool resumed = next.phase == "Suspended";
  const bool new_reason = !api::Waits(next.phase) || next.reason != reason;
  // The next leader reads it here, so it is written before the place is free.  That a place is kept
  // no more goes with the text.
  const bool reserved = wait.reservation != nullptr && wait.reservation->from.unix_ms == 0;
  const bool new_place = reserved && next.reservation != *wait.reservation;
  if (!new_reason && !new_place && next.message == wait.text) return;
  if (!resumed && !new_place && !Due(step, wait, new_reason)) return;
  if (resumed || next.pending_since.unix_ms == 0) next.pending_since = step.facts.now;
  next.phase = reserved ? "Reserved" : "Pending";
  next.reservation.reset();
  if (wait.reservation != nullptr) next.reservation = *wait.reservation;
  next.reason = reason;
  next.message = CutMessage(wait.text);
  const bool quota =
      wait.reason == Reason::kWaitingForQuota || wait.reason == Reason::kExceedsMaxQuota;
  if (quota) SetCondition(next, {"QuotaReserved", false, reason, wait.text}, step.facts);
  SetCondition(next, {"Scheduled", false, reason, wait.text}, step.facts);
  if (wait.reason == Reason::kMisconfigured) {
    SetCondition(next, {"Misconfigured", true, "Misconfigured", wait.text}, step.facts);
  } else {
    ClearCondition(next, "Misconfigured", "Accepted", step.facts);
  }
  if (new_reason) step.Event("Warning", "FailedScheduling", reason + ": " + wait.text);
  step.write = true;
}

// It was made smaller while it was suspended, and every index that is left has its result.
bool NothingLeft(const Step& step) {
  return step.entry.job.invalid.empty() && step.tally.succeeded > 0 &&
         step.tally.succeeded == step.entry.replicas;
}

}  // namespace

void PlanWaiting(Step& step) {
  const api::JobSpec& spec = step.entry.job.spec;
  if (spec.cancel) {
    Finish(step, "Cancelled", "Cancelled", "cancelled by spec.cancel");
    return;
  }
  if (spec.suspend) {
    TellMissedDeadline(step);
    if (step.next.phase == "Suspended") return;
    NoteWait(step);
    BeSuspended(step, "spec.suspend is true");
    return;
  }
  if (NothingLeft(step)) {
    Succeed(step);
    return;
  }
  if (const std::string late = PastActiveDeadline(step); !late.empty()) {
    Finish(step, "Failed", CauseWord(api::ReleaseCause::kDeadline), late);
    return;
  }
  TellMissedDeadline(step);
  if (const std::optional<Wait> wait = FindReason(step)) {
    Tell(step, *wait);
  } else if (step.next.phase == "Suspended") {
    Tell(step, {Reason::kPendingEvaluation, "", true});  // no more than that it is Pending again
  }
}

}  // namespace muster::op
