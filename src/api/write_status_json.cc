#include <algorithm>

#include "api/status_names.h"
#include "api/write_json.h"
#include "muster/base/time_text.h"

namespace muster::api {
namespace {

Json PlacementToJson(const Placement& placement) {
  Json out = {{"attempt", placement.attempt},
              {"revision", placement.revision},
              {"state", kPlacementStates[static_cast<std::size_t>(placement.state)]},
              {"assignments", Json::array()}};
  if (placement.cause != ReleaseCause::kNone) {
    out["cause"] = kReleaseCauses[static_cast<std::size_t>(placement.cause)];
  }
  PutText(out, "beneficiary", placement.beneficiary);
  PutText(out, "beneficiaryUID", placement.beneficiary_uid);
  PutText(out, "rule", placement.rule);
  if (placement.borrowing) out["borrowing"] = true;
  PutTime(out, "committedAt", placement.committed_at);
  for (const Assignment& a : placement.assignments) {
    Json one = {{"node", a.node}, {"task", a.task}, {"indexes", a.indexes}};
    PutText(one, "nodeUID", a.node_uid);
    out["assignments"].push_back(std::move(one));
  }
  return out;
}

Json ReservationToJson(const Reservation& reservation) {
  Json out = {{"nodes", Json::array()}};
  PutTime(out, "until", reservation.until);
  PutTime(out, "from", reservation.from);
  for (const Reservation::Node& node : reservation.nodes) {
    Json one = {{"node", node.name}};
    PutResources(one, "resources", node.resources);
    for (const Reservation::Pods& pods : node.pods) {
      one["pods"].push_back({{"task", pods.task}, {"count", pods.count}});
    }
    out["nodes"].push_back(std::move(one));
  }
  return out;
}

// For the column RUNTIME: from the first pod since it was last suspended to the end.
void PutRuntime(Json& to, const JobStatus& status) {
  const std::int64_t ms = status.completion_time.unix_ms - status.start_time.unix_ms;
  if (status.completion_time.unix_ms != 0 && status.start_time.unix_ms != 0 && ms >= 0) {
    to["runtime"] = base::FormatDuration(ms);
  }
}

void PutTasks(Json& to, const std::vector<TaskStatus>& tasks) {
  if (tasks.empty()) return;
  Json& out = to["tasks"] = Json::array();
  for (const TaskStatus& task : tasks) {
    Json one = {{"name", task.name}, {"ready", task.ready}};
    PutRanges(one, "succeeded", task.succeeded);
    PutRanges(one, "failed", task.failed);
    out.push_back(std::move(one));
  }
}

}  // namespace

Json StatusToJson(const JobStatus& status) {
  Json out = {{"observedGeneration", status.observed_generation},
              {"epoch", status.epoch},
              {"attempt", status.attempt},
              {"gpus", status.gpus},
              {"failures", status.failures},
              {"preemptions", status.preemptions},
              {"waitedSeconds", status.waited_seconds}};
  if (status.placement) out["placement"] = PlacementToJson(*status.placement);
  if (status.reservation) {
    out["reservation"] = ReservationToJson(*status.reservation);
    PutTime(out, "estimatedStartTime", status.reservation->from);
  }
  PutText(out, "tenant", status.tenant);
  PutText(out, "priority", status.priority);
  PutText(out, "phase", status.phase);
  PutText(out, "reason", status.reason);
  PutText(out, "message", status.message);
  PutText(out, "ready", status.ready);
  PutText(out, "nodes", status.nodes);
  PutText(out, "deadline", status.deadline);
  PutTasks(out, status.tasks);
  PutTime(out, "pendingSince", status.pending_since);
  PutTime(out, "notBefore", status.not_before);
  PutTime(out, "startTime", status.start_time);
  PutTime(out, "attemptReadyAt", status.attempt_ready_at);
  PutTime(out, "completionTime", status.completion_time);
  PutRuntime(out, status);
  PutConditions(out, status.conditions);
  return out;
}

Json StatusToJson(const TenantStatus& status) {
  Json out = {{"observedGeneration", status.observed_generation},
              {"epoch", status.epoch},
              {"pending", status.pending},
              {"running", status.running}};
  PutTexts(out, "namespaces", status.namespaces);
  PutResources(out, "used", status.used);
  PutText(out, "gpus", status.gpus);
  PutText(out, "share", status.share);
  PutConditions(out, status.conditions);
  return out;
}

Json StatusToJson(const ResourceQuotaStatus& status) {
  Json out = {{"observedGeneration", status.observed_generation}, {"epoch", status.epoch}};
  PutText(out, "tenant", status.tenant);
  PutResources(out, "used", status.used);
  PutText(out, "gpus", status.gpus);
  PutText(out, "cpu", status.cpu);
  PutText(out, "memory", status.memory);
  PutText(out, "jobs", status.jobs);
  PutConditions(out, status.conditions);
  return out;
}

Json StatusToJson(const WorkflowStatus& status) {
  Json out = {{"observedGeneration", status.observed_generation},
              {"epoch", status.epoch},
              {"running", status.running}};
  PutText(out, "phase", status.phase);
  PutText(out, "done", status.done);
  PutText(out, "message", status.message);
  for (const WorkflowTaskStatus& task : status.tasks) {
    out["tasks"].push_back({{"name", task.name}, {"phase", task.phase}});
  }
  PutTime(out, "startTime", status.start_time);
  PutTime(out, "completionTime", status.completion_time);
  PutConditions(out, status.conditions);
  return out;
}

}  // namespace muster::api
