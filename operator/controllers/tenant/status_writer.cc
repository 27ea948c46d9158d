// The Tenant's status: at most one write a second, on change only.
#include <utility>

#include "controllers/conditions.h"
#include "controllers/tenant/reconciler.h"
#include "controllers/tenant/usage.h"
#include "muster/base/log.h"

namespace muster::op {

using base::Result;

namespace {

// What a Tenant of these guarantees is told about the sum of all.
std::string OverCapacityFor(const api::Tenant& tenant,
                            const std::map<std::string, std::string>& over,
                            const std::string& gpu_resource) {
  for (const auto& [name, amount] : tenant.spec.guaranteed) {
    const auto it = over.find(name == "gpu" ? gpu_resource : name);
    if (it != over.end() && amount > 0) return it->second;
  }
  return "";
}

// A Ready that has just become False, or False for another reason.
bool Worsened(const api::TenantStatus& before, const api::Condition& now) {
  if (now.status != "False") return false;
  const api::Condition* was = FindCondition(before.conditions, "Ready");
  return was == nullptr || was->status != "False" || was->reason != now.reason;
}

}  // namespace

void TenantController::RefreshUsage(const Guard& guard) {
  usage_ = BuildUsage(state_);
  over_capacity_ = BuildOverCapacity(state_);
  for (const auto& [name, tenant] : state_.tenants()) {
    guard(name, [&, key = name] { WriteStatus(key); });
  }
}

std::string TenantController::RenderError(const std::string& tenant) const {
  const auto claims = claims_.tenants.find(tenant);
  if (claims == claims_.tenants.end()) return "";
  for (const std::string& ns : claims->second.held) {
    const auto ledger = ledgers_.find(ns);
    if (ledger == ledgers_.end()) continue;
    // A single failure may be a moment's; the second is told.
    for (const auto& [kind, trouble] : ledger->second.troubles) {
      if (trouble.failures > 1) return trouble.text;
    }
  }
  return "";
}

void TenantController::WriteStatus(const std::string& name) {
  const api::Tenant* tenant = state_.FindTenant(name);
  if (tenant == nullptr || tenant->meta.deletion.unix_ms != 0) return;
  StatusPacer& pacer = tenants_[name].pacer;
  if (!pacer.Blocked(tenant->meta.resource_version)) {
    SendStatus(*tenant, pacer, PlanStatus(*tenant));
  }
}

api::TenantStatus TenantController::PlanStatus(const api::Tenant& tenant) {
  const std::string& name = tenant.meta.name;
  if (usage_.empty()) {
    usage_ = BuildUsage(state_);
    over_capacity_ = BuildOverCapacity(state_);
  }
  TenantFacts facts;
  facts.now = state_.clock().Now();
  facts.epoch = state_.epoch();
  facts.claims = claims_.tenants[name];
  facts.usage = usage_[name];
  facts.render_error = RenderError(name);
  facts.over_capacity = OverCapacityFor(tenant, over_capacity_, state_.options().gpu_resource);
  facts.gpu_resource = state_.options().gpu_resource;
  return PlanTenantStatus(tenant, facts);
}

void TenantController::TellPoisoned(const std::string& name, const std::string& text) {
  const api::Tenant* tenant = state_.FindTenant(name);
  if (tenant == nullptr || tenant->meta.deletion.unix_ms != 0) return;
  StatusPacer& pacer = tenants_[name].pacer;
  if (pacer.Blocked(tenant->meta.resource_version)) return;
  api::TenantStatus next = tenant->status;
  next.epoch = state_.epoch();
  SetCondition(next.conditions,
               {"Ready", "False", "CannotBeHandled", CutMessage(text), {}, tenant->meta.generation},
               state_.clock().Now());
  SendStatus(*tenant, pacer, next);
}

void TenantController::SendStatus(const api::Tenant& tenant, StatusPacer& pacer,
                                  const api::TenantStatus& next) {
  std::string patch = api::TenantStatusPatch(tenant, next);
  if (patch.empty()) return;
  const std::string& name = tenant.meta.name;
  const std::int64_t boot = state_.clock().BootMs();
  if (const std::int64_t delay = pacer.DelayMs(boot); delay > 0) {
    wake_("tenant/" + name, delay);
    return;
  }
  const api::Condition* ready = FindCondition(next.conditions, "Ready");
  if (ready != nullptr && Worsened(tenant.status, *ready)) {
    actuator_.EmitEvent("Tenant", tenant.meta, {"Warning", ready->reason, ready->message});
  }
  pacer.NoteSent(boot);
  actuator_.PatchStatus("tenants", tenant.meta, std::move(patch), kube::Lane::kRest,
                        [this, name, from = tenant.meta.resource_version](
                            const Result<std::string>& answer) { TakeStatus(name, from, answer); });
}

void TenantController::TakeStatus(const std::string& name, const std::string& from,
                                  const Result<std::string>& answer) {
  const auto it = tenants_.find(name);
  if (it == tenants_.end()) return;
  StatusPacer& pacer = it->second.pacer;
  if (answer.ok()) {
    pacer.NoteWritten(from);
    return;
  }
  base::LogDebug("tenant status", {{"tenant", name}, {"error", answer.error().message}});
  pacer.NoteFailed(state_.clock().BootMs());
  wake_("tenant/" + name, StatusPacer::kRetryMs);
}

}  // namespace muster::op
