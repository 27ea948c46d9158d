#include "controllers/job/reconciler.h"

#include <algorithm>
#include <utility>

#include "controllers/job/limits.h"
#include "controllers/job/status.h"
#include "controllers/job/steps.h"
#include "muster/api/codec.h"
#include "muster/base/log.h"
#include "muster/state/amounts.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

// How long the watch may take to show a pod, or a create without an answer to arrive after all.
constexpr std::int64_t kUnseenMs = 10'000;
constexpr std::int64_t kHeldMs = 1'000;

// A look at a placed job costs what its size is, and each of its pods asks for some: a large one is
// looked at seldom enough that all looks together cost a small part of the time.
std::int64_t RestMs(const state::JobEntry& entry) {
  return entry.placement ? std::min<std::int64_t>(250, entry.replicas / 16) : 0;
}

// Who has a pod's name, as people look for it.
std::string Holder(const api::Meta& meta) {
  const api::OwnerReference* owner = api::ControllerOf(meta);
  if (owner == nullptr) return "a pod that no controller owns";
  return "a pod of " + owner->kind + " " + owner->name;
}

}  // namespace

JobReconciler::JobReconciler(state::ClusterState& state, actuate::Actuator& actuator,
                             std::function<void(const std::string&, std::int64_t)> wake)
    : state_(state), actuator_(actuator), wake_(std::move(wake)) {}

void JobReconciler::Reconcile(const std::string& key) {
  state::JobEntry* entry = state_.FindJob(key);
  if (entry == nullptr) return;
  const std::int64_t rest = entry->rest_until_ms - state_.clock().BootMs();
  if (rest > 0) {
    wake_(key, rest);
    return;
  }
  entry->rest_until_ms = state_.clock().BootMs() + RestMs(*entry);
  const JobFacts facts = BuildFacts(*entry);
  JobActions actions = PlanJob(*entry, facts);
  Carry(*entry, std::move(actions));
}

void JobReconciler::Poisoned(const std::string& key, const std::string& what) {
  state::JobEntry* entry = state_.FindJob(key);
  if (entry == nullptr || entry->ledger.status_in_flight || api::Finished(entry->job.status))
    return;
  const std::string text = "cannot be handled: " + what;
  JobFacts facts;
  facts.now = state_.clock().Now();
  JobActions actions;
  api::JobStatus& next = actions.status.emplace(entry->job.status);
  next.epoch = state_.epoch();
  SetCondition(next, {"Misconfigured", true, "CannotBeHandled", text}, facts);
  if (!entry->placement) {
    next.phase = "Pending";
    next.reason = "Misconfigured";
    next.message = text;
  }
  WriteStatus(*entry, actions);
}

JobFacts JobReconciler::BuildFacts(const state::JobEntry& entry) {
  JobFacts facts;
  facts.now = state_.clock().Now();
  facts.boot_ms = state_.clock().BootMs();
  facts.epoch = state_.epoch();
  facts.tenant = state_.TenantOf(entry.job.meta.ns);
  facts.tenant_object = state_.FindTenant(facts.tenant);
  facts.uncounted = state_.UncountedJobOf(facts.tenant);
  facts.gpu_resource = state_.options().gpu_resource;
  facts.nodes = &state_.nodes();
  if (!api::Finished(entry.job.status)) {
    for (std::size_t t = 0; t < entry.job.spec.tasks.size(); ++t) {
      facts.templates.push_back(TemplateOf(entry, static_cast<std::int32_t>(t)));
    }
  }
  for (const std::string& pod : entry.pods) {
    if (const state::PodEntry* found = state_.FindPod(pod)) facts.pods.push_back(found);
  }
  if (!entry.placement && !api::Finished(entry.job.status)) {
    facts.over_limit = OverCountLimit(state_, entry);
  }
  return facts;
}

std::string JobReconciler::LeftBehind(const state::JobEntry& entry) {
  const JobFacts facts = BuildFacts(entry);
  return DescribeLeftBehind(entry, facts, CountPods(entry, facts));
}

void JobReconciler::Carry(state::JobEntry& entry, JobActions actions) {
  const std::string key = entry.key;
  if (actions.drop_placement) {
    RevertPlacement(entry);
    state_.MarkJob(key);
  }
  entry.eligible = actions.eligible;
  for (const std::int32_t slot : actions.give_up) entry.slots[slot].given_up = true;
  if (!actions.give_up.empty()) state_.MarkJob(key);
  if (entry.counted != actions.counted) {
    entry.counted = std::move(actions.counted);
    entry.counted_ms = state_.clock().BootMs();
  }
  entry.counted_attempt = entry.placement ? entry.placement->attempt : 0;
  for (const std::int32_t task : actions.ask_templates) AskTemplate(entry, task);
  if (actions.read_back) ReadBack(entry);
  for (const std::string& pod : actions.look_for) LookForPod(entry, pod);
  if (actions.create_service) AskService(entry);
  for (const std::int32_t slot : actions.creates) CreatePod(entry, entry.slots[slot]);
  for (const PodDelete& pod : actions.deletes) DeletePod(entry, pod);
  if (actions.status) {
    WriteStatus(entry, actions);
  } else {
    for (const api::EventText& event : actions.events) {
      actuator_.EmitEvent("Job", entry.job.meta, event);
    }
  }
  if (actions.delete_job) {
    entry.ledger.job_delete = true;
    actuator_.DeleteJob(entry.job.meta, [this, key](const Result<std::string>& answer) {
      state::JobEntry* again = state_.FindJob(key);
      if (again == nullptr || answer.ok() || answer.error().code == Code::kNotFound) return;
      again->ledger.job_delete = false;
      wake_(key, 1'000);
    });
  }
  state_.FoldJob(entry, entry.eligible);
  if (actions.wake_in_ms > 0) wake_(key, actions.wake_in_ms);
}

state::JobEntry* JobReconciler::Same(const std::string& key, const std::string& uid) {
  state::JobEntry* entry = state_.FindJob(key);
  return entry != nullptr && entry->job.meta.uid == uid ? entry : nullptr;
}

api::PodContext JobReconciler::Context(const state::JobEntry& entry,
                                       const std::string& tenant) const {
  const api::Tenant* object = state_.FindTenant(tenant);
  api::PodContext context;
  context.job = &entry.job;
  context.attempt = entry.placement ? entry.placement->attempt : entry.job.status.attempt + 1;
  context.epoch = state_.epoch();
  context.tenant = tenant;
  context.tenant_spec = object == nullptr ? nullptr : &object->spec;
  context.gpu_resource = state_.options().gpu_resource;
  return context;
}

// ---- Pods ----

void JobReconciler::CreatePod(state::JobEntry& entry, const state::Slot& slot) {
  const api::Job& job = entry.job;
  const api::TaskSpec& task = job.spec.tasks[slot.task];
  const std::string& node = entry.placement->assignments[slot.assignment].node;
  const std::string name = api::PodName(job, task.name, slot.index, entry.placement->attempt);
  const Result<std::string> json =
      api::RenderPod(Context(entry, state_.TenantOf(job.meta.ns)), task, slot.index, node);
  if (!json.ok()) {
    entry.refusal = json.error().message;
    state_.MarkJob(entry.key);
    return;
  }
  state::PodCreate& create = entry.ledger.creates[name];
  create = {true, create.unanswered, false, 0};
  actuator_.CreatePod(
      job.meta.ns, *json, false,
      [this, key = entry.key, uid = job.meta.uid, name](const Result<std::string>& answer) {
        TakeCreated(key, uid, name, answer);
      });
}

void JobReconciler::TakeCreated(const std::string& key, const std::string& uid,
                                const std::string& pod, const Result<std::string>& answer) {
  const bool unknown = !answer.ok() && answer.error().code == Code::kUnavailable;
  state::JobEntry* entry = Same(key, uid);
  if (entry == nullptr) {
    const bool refused = !answer.ok() && !unknown && answer.error().code != Code::kExists;
    if (refused) state_.ForgetCreate(key.substr(0, key.find('/') + 1) + pod);
    return;
  }
  state_.MarkJob(key);
  const bool implied = entry->backing == state::Backing::kImplied && entry->placement;
  if (implied) CountCommit(CommitOf(*entry), answer);  // the pod of a single is its placement
  const auto create = entry->ledger.creates.find(pod);
  const bool seen = create == entry->ledger.creates.end();  // the watch was faster
  if (!seen) {
    create->second.in_flight = false;
    create->second.unanswered |= unknown;
    create->second.look_at_ms = state_.clock().BootMs() + kUnseenMs;
  }
  if (answer.ok()) {
    ++counters_.pods_created;
    entry->ledger.failures = 0;
    if (implied) {
      actuator_.EmitEvent("Job", entry->job.meta,
                          {"Normal", "Scheduled",
                           "attempt " + std::to_string(entry->placement->attempt) + ": 1 pod on " +
                               entry->placement->assignments[0].node + LeftBehind(*entry)});
    }
    return;  // the ledger entry goes when the watch shows the pod
  }
  const base::Error& error = answer.error();
  if (error.code == Code::kExists) {
    const state::PodEntry* held = state_.FindPod(entry->job.meta.ns + "/" + pod);
    if (held == nullptr) {  // the watch has not shown it: look before judging
      if (!seen) create->second = {false, false, false, state_.clock().BootMs() + kHeldMs};
      return;
    }
    if (!seen) entry->ledger.creates.erase(create);
    if (state::OwnerJobUid(held->pod) != uid) Refuse(*entry, NameHeld(held->pod.meta));
    return;
  }
  // One that nobody answered may still have been carried out, whatever is said of the next.
  if (!seen && !create->second.unanswered) entry->ledger.creates.erase(create);
  if (error.code == Code::kInvalid || error.code == Code::kForbidden) {
    if (GiveUp(*entry, pod, error.message)) return;
    Refuse(*entry, error.message, kube::ExceedsQuota(error));
    return;
  }
  entry->ledger.failed_at_ms = state_.clock().BootMs();
  entry->ledger.failures = std::min(entry->ledger.failures + 1, 20);
}

std::string JobReconciler::NameHeld(const api::Meta& holder) {
  return "pod name " + holder.name + " is held by " + Holder(holder) +
         "; delete that pod or give this job another name";
}

// A refused pod beside a gang that runs and has enough without it is no reason to end the gang.
bool JobReconciler::GiveUp(state::JobEntry& entry, const std::string& pod, const std::string& why) {
  if (!entry.placement || !MayGiveUp(entry, CountPods(entry, BuildFacts(entry)), 1)) return false;
  for (state::Slot& slot : entry.slots) {
    const std::string& task = entry.job.spec.tasks[slot.task].name;
    if (api::PodName(entry.job, task, slot.index, entry.placement->attempt) != pod) continue;
    slot.given_up = true;
    actuator_.EmitEvent("Job", entry.job.meta,
                        {"Warning", "ReplicaLost",
                         "pod " + pod + " was refused: " + why + "; the job goes on without it"});
    return true;
  }
  return false;
}

void JobReconciler::Refuse(state::JobEntry& entry, const std::string& message, bool quota) {
  entry.refusal = message;
  entry.refusal_quota = quota;
}

void JobReconciler::DeletePod(state::JobEntry& entry, const PodDelete& pod) {
  entry.ledger.deletes.insert(pod.uid);
  const std::string name = pod.key.substr(pod.key.find('/') + 1);
  actuator_.DeletePod(entry.job.meta.ns, name, api::RenderDelete(pod.uid, pod.grace_seconds),
                      [this, key = entry.key, uid = pod.uid](const Result<std::string>& answer) {
                        if (answer.ok()) {
                          ++counters_.pods_deleted;
                          return;
                        }
                        if (answer.error().code == Code::kNotFound) return;
                        if (state::JobEntry* again = state_.FindJob(key)) {
                          again->ledger.deletes.erase(uid);
                          wake_(key, 500);
                        }
                      });
}

// ---- Status ----

JobReconciler::Commit JobReconciler::CommitOf(const state::JobEntry& entry) const {
  const api::JobStatus& status = entry.job.status;
  return {
      .job = entry.key,
      .attempt = entry.placement->attempt,
      .pods = entry.slots.size(),
      .cycle = entry.decided_cycle,
      .since = status.pending_since.unix_ms != 0 ? status.pending_since : entry.job.meta.created,
      .growth = status.placement.has_value()};
}

void JobReconciler::CountCommit(const Commit& commit, const Result<std::string>& answer) {
  if (!answer.ok()) {
    const Code code = answer.error().code;
    if (code == Code::kExists) return;  // an answer was lost: it has been counted or never will be
    ++(code == Code::kConflict ? counters_.commit_conflicts : counters_.commit_errors);
    return;
  }
  ++counters_.commits;
  base::LogInfo(commit.growth ? "grown" : "committed", {{"job", commit.job},
                                                        {"attempt", std::to_string(commit.attempt)},
                                                        {"pods", std::to_string(commit.pods)},
                                                        {"cycle", std::to_string(commit.cycle)}});
  if (commit.growth) return;
  const std::int64_t now = state_.clock().Now().unix_ms;
  waits_.push_back(std::max<std::int64_t>(0, now - commit.since.unix_ms));
}

void JobReconciler::WriteStatus(state::JobEntry& entry, JobActions& actions) {
  std::string patch = api::JobStatusPatch(entry.job, *actions.status);
  if (patch.empty()) return;
  entry.ledger.status_in_flight = true;
  entry.message_written_ms = state_.clock().BootMs();
  // Noted now, because the watch may show the new status before the answer comes.
  std::optional<Commit> commit;
  if (entry.backing == state::Backing::kDecided && entry.placement) commit = CommitOf(entry);
  const std::string& phase = actions.status->phase;
  std::string entered = phase == entry.job.status.phase ? "" : phase;
  actuator_.PatchStatus(
      "jobs", entry.job.meta, std::move(patch), actions.lane,
      [this, key = entry.key, uid = entry.job.meta.uid, from = entry.job.meta.resource_version,
       events = std::move(actions.events), commit = std::move(commit),
       entered = std::move(entered)](const Result<std::string>& answer) {
        if (commit) CountCommit(*commit, answer);
        if (answer.ok() && !entered.empty()) ++counters_.phases[entered];
        TakeStatus(key, uid, from, events, answer);
      });
}

void JobReconciler::TakeStatus(const std::string& key, const std::string& uid,
                               const std::string& from, const std::vector<api::EventText>& events,
                               const Result<std::string>& answer) {
  state::JobEntry* entry = Same(key, uid);
  if (entry == nullptr) return;
  entry->ledger.status_in_flight = false;
  entry->rest_until_ms = 0;  // what follows a commit follows at once
  state_.MarkJob(key);
  if (!answer.ok()) {
    TakeNoStatus(*entry, from, answer.error());
    return;
  }
  entry->ledger.failures = 0;
  state_.ObserveWritten(api::Decode<api::Job>(*answer), from);
  for (const api::EventText& event : events) actuator_.EmitEvent("Job", entry->job.meta, event);
}

}  // namespace muster::op
