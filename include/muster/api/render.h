// Jobs to the JSON of what Muster creates for them: pods, the headless Service, bindings, events.
// Nothing here knows whether it is sent.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "muster/api/core.h"
#include "muster/api/job.h"
#include "muster/api/tenant.h"
#include "muster/api/workflow.h"
#include "muster/base/result.h"

namespace muster::api {

// What every pod of one attempt shares.
struct PodContext {
  const Job* job = nullptr;  // REQUIRES: not null
  std::int32_t attempt = 0;
  std::int64_t epoch = 0;
  std::string tenant;
  const TenantSpec* tenant_spec = nullptr;  // null: none
  std::string gpu_resource = "nvidia.com/gpu";
};

// Pod name `<job>-<task>-<index>-<h>`; h of placement-protocol.md.
std::string PodName(const Job& job, const std::string& task, std::int32_t index,
                    std::int32_t attempt);
// Stable hostname `<job>-<task>-<index>`.
std::string PodHostname(const Job& job, const std::string& task, std::int32_t index);

// The pod as it is created: node set, rendezvous environment, labels, owner, epoch.  With an empty
// `node` it is the template's dry-run form (index 0, name with the suffix "-dry").
// kInvalid with one sentence naming the field where the template, the tenant's security policy or
// a field that Muster refuses (nodeName, schedulerName, schedulingGates, …) stands against it.
base::Result<std::string> RenderPod(const PodContext& context, const TaskSpec& task,
                                    std::int32_t index, const std::string& node);

// The headless Service of a job of two pods or more: named like the job.  Where pods of an earlier
// attempt may still run under the same hostnames it has the addresses of `attempt` alone.
std::string RenderService(const Job& job, std::int32_t attempt);
// What makes of the Service that was read the one of `attempt`, as a merge patch; empty: it is.
std::string ServicePatch(const Job& job, std::int32_t attempt, const std::string& found);

struct EventText {
  std::string type = "Normal";  // Normal, Warning
  std::string reason;
  std::string message;  // cut to 1,024 bytes
};
// Core v1 Event about `meta` of `kind`.  The name is unique by `now` and a counter of the process.
std::string RenderEvent(const std::string& kind, const std::string& api_version, const Meta& meta,
                        const EventText& text, base::TimePoint now);

// Its label and annotations are copied onto the pod by the API server.
std::string RenderBinding(const Pod& pod, const std::string& node, std::int64_t epoch,
                          bool borrowing = false);
// DeleteOptions with UID precondition; grace < 0: the pod's own.
std::string RenderDelete(const std::string& uid, std::int64_t grace_seconds);

// Merge patches of the status subresource: only what differs from `before`, with its
// resourceVersion as precondition; empty when nothing differs.
std::string JobStatusPatch(const Job& before, const JobStatus& after);
std::string TenantStatusPatch(const Tenant& before, const TenantStatus& after);
std::string QuotaStatusPatch(const ResourceQuota& before, const ResourceQuotaStatus& after);
std::string WorkflowStatusPatch(const Workflow& before, const WorkflowStatus& after);
// PodScheduled=False, reason Unschedulable, as a strategic-free merge of status.conditions.
std::string PodUnschedulablePatch(const Pod& pod, const std::string& message, base::TimePoint now);

}  // namespace muster::api
