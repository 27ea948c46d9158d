#include "controllers/quota/reconciler.h"

#include <utility>

#include "controllers/conditions.h"
#include "muster/base/log.h"

namespace muster::op {

using base::Result;

namespace {

std::int64_t CountJobs(const state::ClusterState& state, const std::string& ns) {
  std::int64_t count = 0;
  for (auto it = state.jobs().lower_bound(ns + "/"); it != state.jobs().end(); ++it) {
    if (it->second.job.meta.ns != ns) break;
    if (!api::Finished(it->second.job.status)) ++count;
  }
  return count;
}

}  // namespace

QuotaController::QuotaController(state::ClusterState& state, actuate::Actuator& actuator,
                                 std::function<void(const std::string&, std::int64_t)> wake)
    : state_(state), actuator_(actuator), wake_(std::move(wake)) {}

void QuotaController::Reconcile(const std::string& key) {
  const auto it = state_.quotas().find(key);
  if (it == state_.quotas().end()) {
    memory_.erase(key);
  } else {
    Write(it->second, CountJobs(state_, it->second.meta.ns));
  }
}

void QuotaController::Poisoned(const std::string& key, const std::string& what) {
  const auto it = state_.quotas().find(key);
  if (it == state_.quotas().end()) return;
  const api::ResourceQuota& quota = it->second;
  StatusPacer* pacer = PacerOf(quota);
  if (pacer == nullptr) return;
  api::ResourceQuotaStatus next = quota.status;
  next.epoch = state_.epoch();
  const std::string text = CutMessage("cannot be handled: " + what);
  SetCondition(next.conditions,
               {"Ready", "False", "CannotBeHandled", text, {}, quota.meta.generation},
               state_.clock().Now());
  Send(quota, *pacer, next);
}

void QuotaController::RefreshUsage(const Guard& guard) {
  std::string ns;
  std::int64_t jobs = 0;
  for (const auto& [key, quota] : state_.quotas()) {
    if (quota.meta.ns != ns) jobs = CountJobs(state_, quota.meta.ns);
    ns = quota.meta.ns;
    guard(key, [&, &one = quota] { Write(one, jobs); });
  }
}

StatusPacer* QuotaController::PacerOf(const api::ResourceQuota& quota) {
  if (quota.meta.deletion.unix_ms != 0) return nullptr;
  Memory& memory = memory_[api::KeyOf(quota.meta)];
  if (memory.uid != quota.meta.uid) memory = {quota.meta.uid, {}};
  return memory.pacer.Blocked(quota.meta.resource_version) ? nullptr : &memory.pacer;
}

void QuotaController::Write(const api::ResourceQuota& quota, std::int64_t jobs) {
  StatusPacer* pacer = PacerOf(quota);
  if (pacer == nullptr) return;
  QuotaFacts facts;
  facts.now = state_.clock().Now();
  facts.epoch = state_.epoch();
  facts.tenant = state_.TenantOf(quota.meta.ns);
  facts.tenant_exists = state_.FindTenant(facts.tenant) != nullptr;
  facts.used = state_.world().NamespaceUsage(quota.meta.ns);
  facts.jobs = jobs;
  facts.gpu_resource = state_.options().gpu_resource;
  Send(quota, *pacer, PlanQuota(quota, facts));
}

void QuotaController::Send(const api::ResourceQuota& quota, StatusPacer& pacer,
                           const api::ResourceQuotaStatus& next) {
  std::string patch = api::QuotaStatusPatch(quota, next);
  if (patch.empty()) return;
  const std::string key = api::KeyOf(quota.meta);
  const std::int64_t boot = state_.clock().BootMs();
  if (const std::int64_t delay = pacer.DelayMs(boot); delay > 0) {
    wake_(key, delay);
    return;
  }
  pacer.NoteSent(boot);
  actuator_.PatchStatus("resourcequotas", quota.meta, std::move(patch), kube::Lane::kRest,
                        [this, key, uid = quota.meta.uid, from = quota.meta.resource_version](
                            const Result<std::string>& answer) { Take(key, uid, from, answer); });
}

void QuotaController::Take(const std::string& key, const std::string& uid, const std::string& from,
                           const Result<std::string>& answer) {
  const auto it = memory_.find(key);
  if (it == memory_.end() || it->second.uid != uid) return;
  if (answer.ok()) {
    it->second.pacer.NoteWritten(from);
    return;
  }
  // Written by someone else meanwhile, or not at all: from what is there then.
  base::LogDebug("quota status", {{"quota", key}, {"error", answer.error().message}});
  it->second.pacer.NoteFailed(state_.clock().BootMs());
  wake_(key, StatusPacer::kRetryMs);
}

}  // namespace muster::op
