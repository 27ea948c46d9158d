#include "controllers/workflow/reconciler.h"

#include <algorithm>
#include <utility>

#include "controllers/conditions.h"
#include "controllers/workflow/graph.h"
#include "muster/api/render_workflow.h"
#include "muster/base/log.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

constexpr std::int64_t kLookAgainMs = 200;
constexpr std::int64_t kRetryMs = 1'000;
constexpr std::int64_t kUnseenMs = 60'000;   // a created Job that the watch never showed is gone
constexpr std::int64_t kRefusedMs = 60'000;  // what was refused may be allowed by then

TaskJob ViewOf(const api::Job& job, const api::Workflow& workflow) {
  TaskJob view;
  view.exists = true;
  const api::OwnerReference* owner = api::ControllerOf(job.meta);
  view.ours = owner != nullptr && owner->uid == workflow.meta.uid;
  if (owner == nullptr) {
    view.holder = "a Job that no Workflow owns";
  } else if (!view.ours) {
    view.holder = owner->kind == "Workflow" && owner->name == workflow.meta.name
                      ? "a Job of an earlier Workflow of this name"
                      : "a Job of " + owner->kind + " " + owner->name;
  }
  view.phase = job.status.phase;
  view.reason = job.status.reason;
  view.message = job.status.message;
  return view;
}

}  // namespace

WorkflowController::WorkflowController(state::ClusterState& state, actuate::Actuator& actuator,
                                       std::function<void(const std::string&, std::int64_t)> wake)
    : state_(state), actuator_(actuator), wake_(std::move(wake)) {}

void WorkflowController::Reconcile(const std::string& key) {
  const auto it = state_.workflows().find(key);
  if (it == state_.workflows().end()) {
    ledgers_.erase(key);
    return;
  }
  const api::Workflow& workflow = it->second;
  WorkflowLedger& ledger = LedgerOf(workflow);
  if (ledger.checked_generation != workflow.meta.generation) {
    ledger.checked_generation = workflow.meta.generation;
    ledger.complaint = WhyNotWorkflow(workflow);
    ledger.refused.clear();
  }
  const WorkflowFacts facts = BuildFacts(workflow, ledger);
  Carry(workflow, ledger, PlanWorkflow(workflow, ledger, facts));
}

void WorkflowController::Poisoned(const std::string& key, const std::string& what) {
  const auto it = state_.workflows().find(key);
  if (it == state_.workflows().end()) return;
  const api::Workflow& workflow = it->second;
  WorkflowLedger& ledger = LedgerOf(workflow);
  const std::string& phase = workflow.status.phase;
  const bool over =
      workflow.meta.deletion.unix_ms != 0 || phase == "Succeeded" || phase == "Failed";
  if (over || ledger.status_in_flight || ledger.written_from == workflow.meta.resource_version) {
    return;
  }
  WorkflowActions actions;
  api::WorkflowStatus& next = actions.status.emplace(workflow.status);
  next.epoch = state_.epoch();
  if (phase.empty()) next.phase = "Pending";
  next.message = CutMessage("cannot be handled: " + what);
  SetCondition(
      next.conditions,
      {"Misconfigured", "True", "CannotBeHandled", next.message, {}, workflow.meta.generation},
      state_.clock().Now());
  WriteStatus(workflow, ledger, actions);
}

WorkflowLedger& WorkflowController::LedgerOf(const api::Workflow& workflow) {
  WorkflowLedger& ledger = ledgers_[api::KeyOf(workflow.meta)];
  if (ledger.uid != workflow.meta.uid) {
    ledger = WorkflowLedger{};
    ledger.uid = workflow.meta.uid;
  }
  return ledger;
}

WorkflowFacts WorkflowController::BuildFacts(const api::Workflow& workflow,
                                             WorkflowLedger& ledger) {
  WorkflowFacts facts;
  facts.now = state_.clock().Now();
  facts.boot_ms = state_.clock().BootMs();
  facts.epoch = state_.epoch();
  for (const api::WorkflowTask& task : workflow.tasks) {
    const state::JobEntry* entry =
        state_.FindJob(workflow.meta.ns + "/" + api::WorkflowJobName(workflow, task));
    facts.jobs.push_back(entry == nullptr ? TaskJob{} : ViewOf(entry->job, workflow));
    const auto sent = ledger.creates.find(task.name);
    if (sent == ledger.creates.end()) continue;
    if (entry != nullptr || facts.boot_ms - sent->second > kUnseenMs) ledger.creates.erase(sent);
  }
  return facts;
}

void WorkflowController::Carry(const api::Workflow& workflow, WorkflowLedger& ledger,
                               WorkflowActions actions) {
  const std::string key = api::KeyOf(workflow.meta);
  for (const std::size_t task : actions.creates) CreateJob(workflow, ledger, task);
  if (actions.status) WriteStatus(workflow, ledger, actions);
  if (actions.wake_in_ms > 0) wake_(key, actions.wake_in_ms);
}

WorkflowLedger* WorkflowController::Same(const std::string& key, const std::string& uid) {
  const auto it = ledgers_.find(key);
  return it != ledgers_.end() && it->second.uid == uid ? &it->second : nullptr;
}

// ---- Jobs ----

void WorkflowController::CreateJob(const api::Workflow& workflow, WorkflowLedger& ledger,
                                   std::size_t task) {
  const std::string& name = workflow.tasks[task].name;
  const Result<std::string> json = api::RenderWorkflowJob(workflow, workflow.tasks[task]);
  const std::int64_t boot = state_.clock().BootMs();
  if (!json.ok()) {  // WhyNotWorkflow has asked the same
    ledger.refused[name] = {json.error().message, boot + kRefusedMs, true};
    return;
  }
  ledger.creates[name] = boot;
  actuator_.CreateJob(
      workflow.meta.ns, *json,
      [this, key = api::KeyOf(workflow.meta), uid = workflow.meta.uid,
       name](const Result<std::string>& answer) { TakeCreated(key, uid, name, answer); });
}

void WorkflowController::TakeCreated(const std::string& key, const std::string& uid,
                                     const std::string& task, const Result<std::string>& answer) {
  WorkflowLedger* ledger = Same(key, uid);
  if (ledger == nullptr) return;
  if (answer.ok()) {
    ledger->refused.erase(task);
    return;  // the entry goes when the watch shows the Job
  }
  const std::int64_t boot = state_.clock().BootMs();
  const base::Error& error = answer.error();
  if (error.code == Code::kExists) {
    // An earlier create of ours, or somebody's: the watch will show whose it is.
    wake_(key, kLookAgainMs);
    const auto sent = ledger->creates.find(task);
    if (sent == ledger->creates.end() || boot - sent->second < 5 * kRetryMs) return;
  }
  ledger->creates.erase(task);
  const bool quota = kube::ExceedsQuota(error);
  const bool for_good = (error.code == Code::kInvalid || error.code == Code::kForbidden) && !quota;
  ledger->refused[task] = {error.message, boot + (for_good ? kRefusedMs : kRetryMs), for_good};
  base::LogInfo("task refused", {{"workflow", key}, {"task", task}, {"error", error.message}});
  state_.MarkWorkflow(key);
}

// ---- Status ----

void WorkflowController::WriteStatus(const api::Workflow& workflow, WorkflowLedger& ledger,
                                     WorkflowActions& actions) {
  std::string patch = api::WorkflowStatusPatch(workflow, *actions.status);
  if (patch.empty()) return;
  ledger.status_in_flight = true;
  ledger.status_ms = state_.clock().BootMs();
  const std::string& phase = actions.status->phase;
  const bool ended = phase == "Succeeded" || phase == "Failed";
  actuator_.PatchStatus("workflows", workflow.meta, std::move(patch),
                        ended ? kube::Lane::kTerminal : kube::Lane::kRest,
                        [this, key = api::KeyOf(workflow.meta), uid = workflow.meta.uid,
                         from = workflow.meta.resource_version,
                         events = std::move(actions.events)](const Result<std::string>& answer) {
                          TakeStatus(key, uid, from, events, answer);
                        });
}

void WorkflowController::TakeStatus(const std::string& key, const std::string& uid,
                                    const std::string& from,
                                    const std::vector<api::EventText>& events,
                                    const Result<std::string>& answer) {
  WorkflowLedger* ledger = Same(key, uid);
  if (ledger == nullptr) return;
  ledger->status_in_flight = false;
  state_.MarkWorkflow(key);  // what happened meanwhile was put off
  if (!answer.ok()) {
    ledger->failed_at_ms = state_.clock().BootMs();
    ledger->failures = std::min(ledger->failures + 1, 20);
    base::LogInfo("workflow status", {{"workflow", key}, {"error", answer.error().message}});
    return;
  }
  ledger->failures = 0;
  ledger->written_from = from;
  const auto it = state_.workflows().find(key);
  if (it == state_.workflows().end()) return;
  for (const api::EventText& event : events) {
    actuator_.EmitEvent("Workflow", it->second.meta, event);
  }
}

}  // namespace muster::op
