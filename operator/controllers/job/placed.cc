#include <algorithm>
#include <set>
#include <string_view>

#include "controllers/job/steps.h"

namespace muster::op {
namespace {

struct Why {
  api::ReleaseCause cause = api::ReleaseCause::kNone;
  std::string message;
};

bool NodeUsable(const Step& step, const api::Assignment& place) {
  if (step.facts.nodes == nullptr) return true;
  const auto it = step.facts.nodes->find(place.node);
  if (it == step.facts.nodes->end()) return false;
  const api::Node& node = it->second;
  const bool same = place.node_uid.empty() || place.node_uid == node.meta.uid;
  return same && node.ready && !node.unschedulable;
}

// Every node is looked at once more before pods are created on it.  Returns the slots whose node
// cannot take theirs any more.
std::vector<std::int32_t> NodesGone(const Step& step) {
  std::vector<std::int32_t> slots;
  if (step.tally.missing == 0) return slots;
  for (std::size_t i = 0; i < step.entry.slots.size(); ++i) {
    if (step.tally.fates[i] != Fate::kMissing) continue;
    const std::int32_t assignment = step.entry.slots[i].assignment;
    if (!NodeUsable(step, step.entry.placement->assignments[assignment])) {
      slots.push_back(static_cast<std::int32_t>(i));
    }
  }
  return slots;
}

Why NodeGone(const Step& step, const std::vector<std::int32_t>& slots) {
  if (slots.empty()) return {};
  const std::int32_t assignment = step.entry.slots[slots.front()].assignment;
  return {api::ReleaseCause::kNodeLost,
          "node " + step.entry.placement->assignments[assignment].node +
              " is gone, cordoned or not ready before its pods were created"};
}

Why Asked(const Step& step) {
  const api::JobSpec& spec = step.entry.job.spec;
  if (step.entry.release) return {step.entry.release->cause, step.entry.release->text};
  if (spec.cancel) return {api::ReleaseCause::kCancelled, "spec.cancel is true"};
  if (spec.suspend) return {api::ReleaseCause::kSuspended, "spec.suspend is true"};
  if (step.entry.void_placement) {
    return {api::ReleaseCause::kVoidEpoch, "the placement was written by a leader that had lost"};
  }
  if (!step.entry.refusal.empty()) return {api::ReleaseCause::kRefused, step.entry.refusal};
  if (!step.entry.placed_from.empty() && step.entry.placed_from != step.entry.made_of) {
    return {api::ReleaseCause::kSpecChanged, "the tasks were edited after they had been placed"};
  }
  return {};
}

// Pods of this attempt that are Ready or have succeeded, and how many of them make it run.  Results
// of earlier attempts say nothing about that.
std::int32_t Arrived(const Step& step) { return step.tally.ready - step.tally.kept; }
std::int32_t Needed(const Step& step) {
  return std::min(MinMember(step.entry), step.entry.replicas - step.tally.kept);
}

Why TimeIsUp(Step& step) {
  const api::JobSpec& spec = step.entry.job.spec;
  if (std::string late = PastActiveDeadline(step); !late.empty()) {
    return {api::ReleaseCause::kDeadline, std::move(late)};
  }
  const base::TimePoint committed = step.entry.placement->committed_at;
  if (step.Due(committed, spec.max_runtime_seconds)) {
    return {api::ReleaseCause::kMaxRuntime, "ran longer than spec.maxRuntimeSeconds, " +
                                                std::to_string(spec.max_runtime_seconds) + " s"};
  }
  const bool started =
      step.entry.job.status.attempt_ready_at.unix_ms != 0 || Arrived(step) >= Needed(step);
  if (!started && step.Due(committed, spec.gang_timeout_seconds)) {
    return {api::ReleaseCause::kGangTimeout,
            std::to_string(Arrived(step)) + " of " + std::to_string(Needed(step)) +
                " pods were Ready within spec.gang.timeoutSeconds, " +
                std::to_string(spec.gang_timeout_seconds) + " s" +
                (step.tally.waiting.empty() ? "" : "; " + step.tally.waiting)};
  }
  return {};
}

// The gang runs and has enough without them: their indexes are lost until the next attempt.
void GiveUp(Step& step, std::vector<std::int32_t> slots) {
  if (slots.empty()) return;
  step.Event("Warning", "ReplicaLost",
             NodeGone(step, slots).message + "; the job goes on without " +
                 std::to_string(slots.size()) + (slots.size() == 1 ? " replica" : " replicas"));
  step.actions.give_up = std::move(slots);
}

// Name of the first pod that is not there any more.
std::string LostPod(const Step& step) {
  const state::JobEntry& entry = step.entry;
  for (std::size_t i = 0; i < entry.slots.size(); ++i) {
    if (step.tally.fates[i] != Fate::kLost) continue;
    const state::Slot& slot = entry.slots[i];
    return api::PodName(entry.job, entry.job.spec.tasks[slot.task].name, slot.index,
                        entry.placement->attempt);
  }
  return "";
}

// Replicas that run, will, or have succeeded; what is not placed yet is none of them.
std::int32_t Left(const Tally& tally) { return tally.live + tally.missing + tally.succeeded; }

Why TooFewLeft(const Step& step) {
  const Tally& tally = step.tally;
  const std::int32_t gone = tally.failed + tally.lost;
  if (gone == 0 || Left(tally) >= MinMember(step.entry)) return {};
  if (tally.failed > 0) {
    return {api::ReleaseCause::kFailed,
            tally.first_failed == nullptr ? "a pod failed" : DescribeEnd(tally.first_failed->pod)};
  }
  if (tally.first_lost != nullptr) {
    return {api::ReleaseCause::kPodLost, DescribeEnd(tally.first_lost->pod)};
  }
  const std::string others =
      tally.lost == 1 ? "" : " and " + std::to_string(tally.lost - 1) + " more";
  return {api::ReleaseCause::kPodLost, "pod " + LostPod(step) + others + " vanished"};
}

// Pods on silent nodes may run for ever; without them there are too few, or nothing else is left.
Why NodeSilent(const Step& step) {
  const Tally& tally = step.tally;
  if (tally.stranded == 0) return {};
  const bool rest = tally.live > tally.stranded || tally.missing > 0;
  if (rest && Left(tally) - tally.stranded >= MinMember(step.entry)) return {};
  return {api::ReleaseCause::kNodeLost, DescribeLostNode(tally)};
}

std::string Pods(std::int32_t count, const char* one, const char* more) {
  return std::to_string(count) + (count == 1 ? " pod " : " pods ") + (count == 1 ? one : more);
}

// Every rank has its result, or will never have one in this attempt: beside lost ones nothing more
// is placed.
bool Over(const Step& step) {
  const Tally& tally = step.tally;
  return tally.live == 0 && tally.missing == 0 && step.entry.ledger.creates.empty() &&
         (tally.lost > 0 || tally.succeeded + tally.failed >= step.entry.replicas);
}

// A decision of ours of which nobody else can know yet.
bool NothingDone(const Step& step) {
  const state::JobEntry& entry = step.entry;
  if (entry.decided_on.empty() || !entry.ledger.unanswered_from.empty()) return false;
  if (entry.backing == state::Backing::kDecided) return true;
  return entry.backing == state::Backing::kImplied && entry.ledger.creates.empty() &&
         step.tally.missing == step.entry.replicas && !entry.slots.front().seen;
}

// Whether what the pods look like is still what was decided on.
enum class Basis { kGood, kAwaited, kGone };

Basis CheckBasis(Step& step) {
  const std::vector<sched::ShapeId>& decided = step.entry.decided_on;
  Basis basis = Basis::kGood;
  for (std::size_t t = 0; t < step.facts.templates.size(); ++t) {
    const state::Template* found = step.facts.templates[t];
    if (t >= decided.size() || found == nullptr || !Describable(*found)) return Basis::kGone;
    if (found->state != state::TemplateState::kGood) {
      basis = Basis::kAwaited;
    } else if (found->shape != decided[t]) {
      return Basis::kGone;
    }
  }
  if (basis != Basis::kAwaited) return basis;
  TemplatesReady(step);
  // A place is not kept for pods that nobody can describe.
  return Unanswered(step).empty() ? Basis::kAwaited : Basis::kGone;
}

// Asks for the Service, by which the gang's pods find each other, until it is there.  True while
// pods wait for it: those of a retry do, because a name that is not ours ends each attempt.
bool AwaitService(Step& step) {
  const state::ServiceAsk& service = step.entry.ledger.service;
  const std::int32_t attempt = step.entry.placement->attempt;
  if (step.entry.replicas == 1 || service.attempt == attempt) return false;
  const std::int64_t left = service.ask_at_ms - step.facts.boot_ms;
  if (!service.asking && left > 0) step.WakeIn(left);
  step.actions.create_service = !service.asking && left <= 0;
  return attempt > 1;
}

void CreateMissing(Step& step) {
  if (step.entry.backing == state::Backing::kDecided || !step.actions.give_up.empty()) return;
  if (AwaitService(step)) return;
  const api::Job& job = step.entry.job;
  std::set<std::string_view> held;  // names of pods that have to go first
  for (const state::PodEntry* pod : step.tally.strays) held.insert(pod->pod.meta.name);
  for (std::size_t i = 0; i < step.entry.slots.size(); ++i) {
    if (step.tally.fates[i] != Fate::kMissing) continue;
    const state::Slot& slot = step.entry.slots[i];
    const std::string name = api::PodName(job, job.spec.tasks[slot.task].name, slot.index,
                                          step.entry.placement->attempt);
    if (held.contains(name)) continue;
    const auto asked = step.entry.ledger.creates.find(name);
    const bool again = asked != step.entry.ledger.creates.end() && asked->second.unanswered &&
                       !asked->second.in_flight && !asked->second.looking;
    if (asked == step.entry.ledger.creates.end() || again) {
      step.actions.creates.push_back(static_cast<std::int32_t>(i));
    }
  }
}

void ForgetEviction(Step& step) {
  ClearCondition(step.next, "Preempted", "Started", step.facts);
  ClearCondition(step.next, "Evicted", "Started", step.facts);
}

void SetPlacement(Step& step) {
  api::JobStatus& next = step.next;
  NoteStart(step);
  if (!next.placement) ForgetEviction(step);  // the first word of this attempt
  next.placement = step.entry.placement;
  next.attempt = step.entry.placement->attempt;
  next.nodes = NodesColumn(*step.entry.placement);
  next.reason.clear();
  next.message.clear();
  next.not_before = {};
  TellAllPlaced(step);
}

// A larger placement of the same attempt: the gang runs already.
void CommitGrowth(Step& step) {
  SetPlacement(step);
  step.actions.lane = kube::Lane::kCommit;
  step.write = true;
}

void Commit(Step& step) {
  if (step.entry.job.status.placement) {
    CommitGrowth(step);
    return;
  }
  SetPlacement(step);
  step.next.phase = "Scheduling";
  step.next.attempt_ready_at = {};
  const std::string where = step.next.nodes;
  SetCondition(step.next, {"QuotaReserved", true, "QuotaReserved", ""}, step.facts);
  SetCondition(step.next, {"Scheduled", true, "Scheduled", "on " + where}, step.facts);
  SetCondition(step.next, {"PodsReady", false, "Starting", ""}, step.facts);
  step.Event("Normal", "Scheduled",
             "attempt " + std::to_string(step.next.attempt) + ": " +
                 std::to_string(step.entry.slots.size()) + " pods on " + where +
                 DescribeLeftBehind(step.entry, step.facts, step.tally));
  step.actions.lane = kube::Lane::kCommit;
  step.write = true;
}

// Whether counts or results differ; a status without tasks says that there are none yet.
bool ResultsMoved(const std::vector<api::TaskStatus>& told,
                  const std::vector<api::TaskStatus>& now) {
  if (!told.empty()) return told != now;
  return std::any_of(now.begin(), now.end(), [](const api::TaskStatus& task) {
    return task.ready != 0 || !task.succeeded.empty() || !task.failed.empty();
  });
}

// Ready and results: written when minMember is reached, later when nothing moved for a second.
void Progress(Step& step) {
  api::JobStatus& next = step.next;
  const bool enough = Arrived(step) >= Needed(step);
  if (next.attempt_ready_at.unix_ms == 0 && enough) {
    SetPlacement(step);
    next.phase = "Running";
    next.attempt_ready_at = step.facts.now;
    if (next.start_time.unix_ms == 0) next.start_time = step.facts.now;
    TellStarted(step);
    SetCondition(next, {"PodsReady", true, "PodsReady", ""}, step.facts);
    step.write = true;
  }
  constexpr std::int64_t kSettleMs = 1'000;
  constexpr std::int64_t kMostSilentMs = 10'000;  // where pods end all the time
  const bool moved = ResultsMoved(next.tasks, step.tally.tasks);
  const std::string waiting = step.tally.waiting;
  const api::Condition* ready = FindCondition(next.conditions, "PodsReady");
  const bool worded = !waiting.empty() && next.attempt_ready_at.unix_ms == 0 &&
                      (ready == nullptr || ready->message != waiting);
  if (!moved && !worded && !step.write) return;
  const bool just_now = step.entry.counted != step.tally.tasks;
  const std::int64_t settled = just_now ? 0 : step.facts.boot_ms - step.entry.counted_ms;
  const std::int64_t written = step.entry.message_written_ms;
  const bool overdue = written != 0 && step.facts.boot_ms - written >= kMostSilentMs;
  if (!step.write && !overdue && settled < kSettleMs) {
    step.WakeIn(kSettleMs - settled);
    return;
  }
  if (worded) {
    const std::string reason = waiting.substr(0, waiting.find(':'));
    SetCondition(next, {"PodsReady", false, reason, waiting}, step.facts);
    if (api::Waits(next.phase)) next.phase = "Scheduling";
    SetPlacement(step);
  }
  if (next.attempt_ready_at.unix_ms != 0) {
    SetCondition(next, {"PodsReady", enough, enough ? "PodsReady" : "TooFewReady", ""}, step.facts);
  }
  next.tasks = step.tally.tasks;
  step.write = true;
}

}  // namespace

bool MayGiveUp(const state::JobEntry& entry, const Tally& tally, std::size_t pods) {
  return entry.job.status.attempt_ready_at.unix_ms != 0 &&
         Left(tally) - static_cast<std::int32_t>(pods) >= MinMember(entry);
}

void TellStarted(Step& step) {
  api::JobStatus& next = step.next;
  const std::string where = "on " + NodesColumn(*step.entry.placement);
  SetCondition(next, {"QuotaReserved", true, "QuotaReserved", ""}, step.facts);
  SetCondition(next, {"Scheduled", true, "Scheduled", where}, step.facts);
  ClearCondition(next, "Misconfigured", "Accepted", step.facts);
  ForgetEviction(step);
}

void PlanPlaced(Step& step) {
  // Whatever is asked of a job whose pods have all succeeded comes too late.
  if (step.entry.backing != state::Backing::kDecided &&
      step.tally.succeeded == step.entry.replicas) {
    Succeed(step);
    return;
  }
  Why why = Asked(step);
  if (why.cause == api::ReleaseCause::kNone && NothingDone(step)) {
    const Basis basis = CheckBasis(step);
    if (basis == Basis::kAwaited) return;
    if (basis == Basis::kGone) {
      step.actions.drop_placement = true;
      return;
    }
  }
  if (step.entry.backing == state::Backing::kDecided) {
    // Nothing has happened yet: a decision that no longer holds is simply forgotten, unless a
    // commit of it may have been carried out; then it is committed first and released after.
    if (why.cause == api::ReleaseCause::kNone) why = NodeGone(step, NodesGone(step));
    const bool known = step.entry.ledger.unanswered_from.empty();
    if (why.cause != api::ReleaseCause::kNone && known) {
      step.actions.drop_placement = true;
    } else {
      Commit(step);
    }
    return;
  }
  if (why.cause == api::ReleaseCause::kNone) why = TooFewLeft(step);
  if (why.cause == api::ReleaseCause::kNone) why = NodeSilent(step);
  if (why.cause == api::ReleaseCause::kNone) why = TimeIsUp(step);
  if (why.cause == api::ReleaseCause::kNone) {
    std::vector<std::int32_t> gone = NodesGone(step);
    if (MayGiveUp(step.entry, step.tally, gone.size())) {
      GiveUp(step, std::move(gone));
    } else {
      why = NodeGone(step, gone);
    }
  }
  if (why.cause == api::ReleaseCause::kNone && Over(step)) {
    why = step.tally.failed > 0
              ? Why{api::ReleaseCause::kFailed, Pods(step.tally.failed, "failed", "failed")}
              : Why{api::ReleaseCause::kPodLost, Pods(step.tally.lost, "was lost", "were lost")};
  }
  if (why.cause != api::ReleaseCause::kNone) {
    StartRelease(step, why.cause, why.message);
    return;
  }
  // Replicas above minMember may still be placed, but not beside lost ones: a placement that is
  // Committed again must not bring them back in the same attempt.
  step.actions.eligible = step.tally.lost == 0 && step.facts.uncounted == nullptr;
  // What a new leader does not know yet: how large the committed pods are, and the ones to come.
  if (step.entry.uncounted || step.tally.placed < step.entry.replicas) TemplatesReady(step);
  CreateMissing(step);
  TellMissedDeadline(step);
  Progress(step);
  TellUnplaced(step);
}

}  // namespace muster::op
