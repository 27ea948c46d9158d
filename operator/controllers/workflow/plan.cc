#include "controllers/workflow/plan.h"

#include <algorithm>

#include "controllers/conditions.h"
#include "controllers/workflow/graph.h"

namespace muster::op {
namespace {

constexpr std::int64_t kSettleMs = 1'000;  // between two writes that are only progress
constexpr std::int64_t kHeldMs = 5'000;    // a name held by another is looked at again

struct Step {
  const api::Workflow& workflow;
  const WorkflowLedger& ledger;
  const WorkflowFacts& facts;
  WorkflowActions actions;
  std::vector<std::string> phases;  // by task
  std::string trouble;              // Misconfigured, in words
  bool blocked = false;             // by it: nothing of a workflow starts that has not yet begun
  std::string message;

  void WakeIn(std::int64_t ms) {
    const std::int64_t in = std::max<std::int64_t>(ms, 1);
    if (actions.wake_in_ms == 0 || in < actions.wake_in_ms) actions.wake_in_ms = in;
  }
};

bool Ended(const std::string& phase) {
  return phase == "Succeeded" || phase == "Failed" || phase == "Cancelled" || phase == "Skipped";
}

bool Bad(const std::string& phase) {
  return phase == "Failed" || phase == "Cancelled" || phase == "Skipped";
}

std::string PhaseBefore(const api::Workflow& workflow, const std::string& task) {
  for (const api::WorkflowTaskStatus& status : workflow.status.tasks) {
    if (status.name == task) return status.phase;
  }
  return "";
}

// The phase of a task whose Job is not there.
std::string PhaseWithoutJob(Step& step, std::size_t task) {
  const std::string& name = step.workflow.tasks[task].name;
  const std::string before = PhaseBefore(step.workflow, name);
  if (before.empty() || before == "Waiting" || step.ledger.creates.contains(name)) return "Waiting";
  if (Ended(before)) return before;  // its TTL, or a person, took the Job after its end
  if (step.message.empty()) step.message = "task " + name + ": its Job was deleted before it ended";
  return "Failed";
}

void SetPhases(Step& step) {
  step.phases.assign(step.workflow.tasks.size(), "Waiting");
  for (std::size_t i = 0; i < step.phases.size(); ++i) {
    const TaskJob& job = step.facts.jobs[i];
    if (!job.exists || !job.ours) {
      step.phases[i] = PhaseWithoutJob(step, i);
      continue;
    }
    step.phases[i] = job.phase.empty() ? "Pending" : job.phase;
    if (Bad(job.phase) && step.message.empty()) {
      step.message = "task " + step.workflow.tasks[i].name + " " +
                     (job.phase == "Cancelled" ? "was cancelled" : "failed") +
                     (job.message.empty() ? "" : ": " + job.message);
    }
  }
}

// A name that another holds: before anything has started, that stops the whole.
std::string HeldName(const Step& step) {
  for (std::size_t i = 0; i < step.phases.size(); ++i) {
    const TaskJob& job = step.facts.jobs[i];
    if (!job.exists || job.ours || Ended(step.phases[i])) continue;
    return "spec.tasks[" + std::to_string(i) + "].name: the Job name " + step.workflow.meta.name +
           "-" + step.workflow.tasks[i].name + " is held by " + job.holder;
  }
  return "";
}

void FindTrouble(Step& step) {
  step.trouble = step.ledger.complaint;
  if (step.trouble.empty()) {
    step.trouble = HeldName(step);
    if (!step.trouble.empty()) step.WakeIn(kHeldMs);
  }
  step.blocked = !step.trouble.empty();
  for (const auto& [task, refusal] : step.ledger.refused) {
    if (!refusal.told) continue;
    if (step.trouble.empty()) step.trouble = "task " + task + ": " + refusal.text;
    if (refusal.retry_at_ms > step.facts.boot_ms) step.blocked = true;
  }
}

bool Startable(const Step& step, const std::vector<std::size_t>& dependencies) {
  return std::all_of(dependencies.begin(), dependencies.end(),
                     [&](std::size_t on) { return step.phases[on] == "Succeeded"; });
}

// Skips what can never start, and starts what can.
void WalkGraph(Step& step) {
  if (!step.ledger.complaint.empty()) return;
  const auto graph = DependenciesOf(step.workflow);
  const bool none_yet = std::all_of(step.phases.begin(), step.phases.end(),
                                    [](const std::string& phase) { return phase == "Waiting"; });
  const bool may_start = !step.blocked || !none_yet;
  for (const std::size_t task : InOrder(graph)) {
    if (step.phases[task] != "Waiting") continue;
    const std::string& name = step.workflow.tasks[task].name;
    const bool bad = std::any_of(graph[task].begin(), graph[task].end(),
                                 [&](std::size_t on) { return Bad(step.phases[on]); });
    if (bad) {
      step.phases[task] = "Skipped";
      continue;
    }
    if (!Startable(step, graph[task]) || step.facts.jobs[task].exists) continue;
    if (step.ledger.creates.contains(name)) continue;
    const auto refused = step.ledger.refused.find(name);
    if (refused != step.ledger.refused.end() && refused->second.retry_at_ms > step.facts.boot_ms) {
      step.WakeIn(refused->second.retry_at_ms - step.facts.boot_ms);
      continue;
    }
    if (may_start) step.actions.creates.push_back(task);
  }
}

// The first task that cannot go on, in a few words.
std::string WhatWaits(const Step& step) {
  for (std::size_t i = 0; i < step.phases.size(); ++i) {
    const TaskJob& job = step.facts.jobs[i];
    if (api::Waits(step.phases[i]) && !job.reason.empty()) {
      return "task " + step.workflow.tasks[i].name + " waits: " + job.reason;
    }
  }
  return "";
}

std::int32_t Count(const Step& step, const std::vector<std::string>& words) {
  return static_cast<std::int32_t>(
      std::count_if(step.phases.begin(), step.phases.end(), [&](const std::string& phase) {
        return std::find(words.begin(), words.end(), phase) != words.end();
      }));
}

void SetConditions(const Step& step, api::WorkflowStatus& next) {
  const std::int64_t generation = step.workflow.meta.generation;
  if (!step.trouble.empty()) {
    SetCondition(next.conditions,
                 {"Misconfigured", "True", "Misconfigured", step.trouble, {}, generation},
                 step.facts.now);
  } else {
    ClearCondition(next.conditions, "Misconfigured", "Accepted", generation, step.facts.now);
  }
  if (next.phase != "Succeeded" && next.phase != "Failed") return;
  const bool good = next.phase == "Succeeded";
  SetCondition(next.conditions,
               {good ? "Complete" : "Failed",
                "True",
                good ? "AllTasksSucceeded" : "TaskFailed",
                next.message,
                {},
                generation},
               step.facts.now);
}

api::WorkflowStatus NextStatus(const Step& step) {
  api::WorkflowStatus next = step.workflow.status;
  next.observed_generation = step.workflow.meta.generation;
  next.epoch = step.facts.epoch;
  const auto total = static_cast<std::int32_t>(step.phases.size());
  const std::int32_t succeeded = Count(step, {"Succeeded"});
  next.done = std::to_string(succeeded) + "/" + std::to_string(total);
  next.running = Count(step, {"Scheduling", "Running", "Preempting"});
  next.tasks.clear();
  for (std::size_t i = 0; i < step.phases.size(); ++i) {
    next.tasks.push_back({step.workflow.tasks[i].name, step.phases[i]});
  }
  const bool started = Count(step, {"Waiting", "Skipped"}) < total;
  const bool ended =
      total > 0 && Count(step, {"Succeeded", "Failed", "Cancelled", "Skipped"}) == total;
  next.phase = started ? "Running" : "Pending";
  if (started && next.start_time.unix_ms == 0) next.start_time = step.facts.now;
  next.message = !step.trouble.empty() ? step.trouble : step.message;
  if (next.message.empty()) next.message = WhatWaits(step);
  if (ended) {
    next.phase = succeeded == total ? "Succeeded" : "Failed";
    next.completion_time = step.facts.now;
    if (succeeded == total) next.message = "all " + std::to_string(total) + " tasks succeeded";
  }
  SetConditions(step, next);
  return next;
}

void AddEvents(Step& step, const api::WorkflowStatus& next) {
  const api::WorkflowStatus& now = step.workflow.status;
  const api::Condition* was = FindCondition(now.conditions, "Misconfigured");
  const bool known = was != nullptr && was->status == "True" && was->message == step.trouble;
  if (!step.trouble.empty() && !known) {
    step.actions.events.push_back({"Warning", "Misconfigured", step.trouble});
  }
  if (next.phase == now.phase) return;
  if (next.phase == "Succeeded")
    step.actions.events.push_back({"Normal", "Completed", next.message});
  if (next.phase == "Failed") step.actions.events.push_back({"Warning", "Failed", next.message});
}

bool Misconfigured(const api::WorkflowStatus& status) {
  const api::Condition* found = FindCondition(status.conditions, "Misconfigured");
  return found != nullptr && found->status == "True";
}

void PlanStatus(Step& step) {
  api::WorkflowStatus next = NextStatus(step);
  if (api::WorkflowStatusPatch(step.workflow, next).empty()) return;
  const api::WorkflowStatus& now = step.workflow.status;
  // Jobs on their way will say more in a moment: one write for a batch.
  const bool coming = !step.ledger.creates.empty() || !step.actions.creates.empty();
  const bool urgent =
      Misconfigured(next) != Misconfigured(now) || (next.phase != now.phase && !coming);
  const std::int64_t left = step.ledger.status_ms == 0
                                ? (coming ? kSettleMs : 0)
                                : step.ledger.status_ms + kSettleMs - step.facts.boot_ms;
  if (!urgent && left > 0) {
    step.WakeIn(left);
    return;
  }
  AddEvents(step, next);
  step.actions.status = std::move(next);
}

std::int64_t BackOffMs(const Step& step) {
  if (step.ledger.failures == 0) return 0;
  const std::int64_t delay =
      std::min<std::int64_t>(30'000, 100LL << std::min(step.ledger.failures, 9));
  return step.ledger.failed_at_ms + delay - step.facts.boot_ms;
}

}  // namespace

WorkflowActions PlanWorkflow(const api::Workflow& workflow, const WorkflowLedger& ledger,
                             const WorkflowFacts& facts) {
  Step step{workflow, ledger, facts, {}, {}, {}, false, {}};
  const std::string& phase = workflow.status.phase;
  if (workflow.meta.deletion.unix_ms != 0 || phase == "Succeeded" || phase == "Failed") {
    return step.actions;
  }

  // 1. Where every task stands.
  SetPhases(step);

  // 2. What keeps it from starting.
  FindTrouble(step);

  // 3. Skip and start.
  WalkGraph(step);

  // 4. Say so.
  if (ledger.status_in_flight || ledger.written_from == workflow.meta.resource_version) {
    return std::move(step.actions);  // the watch brings what was written
  }
  if (const std::int64_t back_off = BackOffMs(step); back_off > 0) {
    step.WakeIn(back_off);
    return std::move(step.actions);
  }
  PlanStatus(step);
  return std::move(step.actions);
}

}  // namespace muster::op
