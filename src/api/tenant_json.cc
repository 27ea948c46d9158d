#include "api/read_json.h"
#include "muster/api/priority.h"

namespace muster::api {
namespace {

// Tenant.spec speaks of "storage" and means what claims request.
ResourceList ReadAmounts(const Fields& from, const char* key) {
  ResourceList out = from.Resources(key);
  const auto storage = out.find("storage");
  if (storage == out.end()) return out;
  out["requests.storage"] = storage->second;
  out.erase("storage");
  return out;
}

void ReadSecurity(const Fields& in, SecurityPolicy& out) {
  out.run_as_non_root = in.MaybeFlag("runAsNonRoot");
  out.allow_privileged = in.MaybeFlag("allowPrivileged");
  out.allow_host_network = in.MaybeFlag("allowHostNetwork");
  out.allow_host_path = in.MaybeFlag("allowHostPath");
  out.allow_privilege_escalation = in.MaybeFlag("allowPrivilegeEscalation");
  out.pod_security_level = in.Text("podSecurityLevel");
}

void ReadSpec(const Fields& spec, TenantSpec& out) {
  out.hard = ReadAmounts(spec, "resourceQuota");
  out.guaranteed = ReadAmounts(spec, "guaranteed");
  const Fields borrowing = spec.At("borrowing");
  out.borrow_limit = ReadAmounts(borrowing, "limit");
  out.lending_limit = ReadAmounts(borrowing, "lendingLimit");
  out.weight_milli = spec.Quantity("weight", Fields::Unit::kMilli, 1'000);
  out.priority_class_set = spec.Has("priorityClass");
  out.priority_class = spec.Text("priorityClass", "critical");
  if (!PriorityOf(out.priority_class)) {
    spec.Complain("priorityClass", "must be critical, high, normal, low or scavenger");
    out.priority_class = "critical";
  }
  const Fields limits = spec.At("limits");
  out.max_running_jobs = limits.Int32("maxRunningJobs", 0);
  out.max_pending_jobs = limits.Int32("maxPendingJobs", 0);
  out.max_gpus_per_job = limits.Int("maxGpusPerJob", 0);
  out.namespaces = spec.Texts("namespaces");
  const Fields network = spec.At("networkPolicy");
  out.network.isolation = network.Text("isolation");
  out.network.allowed_namespaces = network.Texts("allowedNamespaces");
  ReadSecurity(spec.At("securityPolicy"), out.security);
  const Fields placement = spec.At("placement");
  out.node_selector = placement.TextMap("nodeSelector");
  const Fields preemption = spec.At("preemption");
  out.preemption.max_preemptions = preemption.Int32("maxPreemptions", 5);
  out.preemption.max_min_runtime_seconds = preemption.Int("maxMinRuntimeSeconds", 3'600);
  out.preemption.max_grace_period_seconds = preemption.Int("maxGracePeriodSeconds", 600);
  out.users = spec.Texts("users");
  out.groups = spec.Texts("groups");
}

}  // namespace

void Read(const Fields& spec, const Fields& status, Tenant& out) {
  ReadSpec(spec, out.spec);
  TenantStatus& to = out.status;
  to.observed_generation = status.Int("observedGeneration", 0);
  to.epoch = status.Int("epoch", 0);
  to.namespaces = status.Texts("namespaces");
  to.used = status.Resources("used");
  to.gpus = status.Text("gpus");
  to.pending = status.Int32("pending", 0);
  to.running = status.Int32("running", 0);
  to.share = status.Text("share");
  ReadConditions(status, to.conditions);
}

void Read(const Fields& spec, const Fields& status, ResourceQuota& out) {
  out.hard = spec.Resources("hard");
  ResourceQuotaStatus& to = out.status;
  to.observed_generation = status.Int("observedGeneration", 0);
  to.epoch = status.Int("epoch", 0);
  to.tenant = status.Text("tenant");
  to.used = status.Resources("used");
  to.gpus = status.Text("gpus");
  to.cpu = status.Text("cpu");
  to.memory = status.Text("memory");
  to.jobs = status.Text("jobs");
  ReadConditions(status, to.conditions);
}

}  // namespace muster::api
