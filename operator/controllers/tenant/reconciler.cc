#include "controllers/tenant/reconciler.h"

#include <algorithm>
#include <utility>

#include "controllers/tenant/usage.h"
#include "muster/base/log.h"
#include "muster/base/text.h"
#include "muster/kube/paths.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

constexpr char kNamespaceWord[] = "namespace";
constexpr std::int64_t kConflictMs = 500;  // by then the watch has brought what was written first
constexpr std::string_view kTenantKey = "tenant/";  // no namespace has a "/" in its name
constexpr char kClaimsKey[] = "claims/";            // who holds what, over all tenants
constexpr char kHandling[] = "handling";            // a trouble that is no answer to a write

kube::Resource ResourceOf(const std::string& kind) {
  if (kind == kNetworkPolicy) return kube::kNetworkPolicies;
  if (kind == kRoleBinding) return kube::kRoleBindings;
  return kube::kCoreResourceQuotas;
}

std::string PathOf(const std::string& ns, const std::string& kind, const std::string& tenant) {
  return kube::ObjectPath(ResourceOf(kind), ns, api::RenderedName(tenant));
}

std::string HolderOf(const api::Namespace& ns) {
  const auto label = ns.meta.labels.find(api::kLabelTenant);
  return label == ns.meta.labels.end() ? "" : label->second;
}

bool Terminating(const api::Namespace& ns) {
  return ns.terminating || ns.meta.deletion.unix_ms != 0;
}

// What of a Tenant and of a Namespace decides claims and rendering.
std::string InputsOf(const api::Tenant& tenant) {
  return tenant.meta.uid + "/" + std::to_string(tenant.meta.generation) +
         (tenant.meta.deletion.unix_ms != 0 ? "/deleting" : "");
}
std::string InputsOf(const api::Namespace& ns) {
  return ns.meta.uid + "/" + HolderOf(ns) + (Terminating(ns) ? "/terminating" : "");
}

}  // namespace

TenantController::TenantController(state::ClusterState& state, actuate::Actuator& actuator,
                                   std::function<void(const std::string&, std::int64_t)> wake,
                                   TenantSettings settings)
    : state_(state), actuator_(actuator), wake_(std::move(wake)), settings_(std::move(settings)) {}

void TenantController::Reconcile(const std::set<std::string>& tenants,
                                 const std::set<std::string>& namespaces, const Guard& guard) {
  std::set<std::string> touched = namespaces;
  bool changed = first_;
  for (const std::string& name : tenants) {
    const api::Tenant* tenant = state_.FindTenant(name);
    const auto known = tenants_.find(name);
    changed |= (tenant == nullptr) != (known == tenants_.end()) ||
               (tenant != nullptr && known->second.inputs != InputsOf(*tenant));
  }
  for (const std::string& name : namespaces) {
    const auto ns = state_.namespaces().find(name);
    const auto known = namespaces_.find(name);
    const bool exists = ns != state_.namespaces().end();
    changed |=
        exists != (known != namespaces_.end()) || (exists && known->second != InputsOf(ns->second));
  }
  first_ = false;
  if (changed) guard(kClaimsKey, [&] { Reclaim(touched); });
  for (const std::string& name : touched) {
    guard(name, [&] { ReconcileNamespace(name); });
  }
  for (const auto& [name, tenant] : state_.tenants()) {
    if (!changed && !tenants.contains(name)) continue;
    guard(std::string(kTenantKey) + name, [&, key = name] { WriteStatus(key); });
  }
}

void TenantController::Retry(const std::string& key, const Guard& guard) {
  if (key == kClaimsKey) {
    first_ = true;
    std::set<std::string> all;
    for (const auto& [name, ns] : state_.namespaces()) all.insert(name);
    Reconcile({}, all, guard);
  } else if (key.starts_with(kTenantKey)) {
    guard(key, [&] { WriteStatus(key.substr(kTenantKey.size())); });
  } else {
    guard(key, [&] { ReconcileNamespace(key); });
  }
}

void TenantController::Poisoned(const std::string& key, const std::string& what) {
  const std::string text = "cannot be handled: " + what;
  if (key.starts_with(kTenantKey)) {
    TellPoisoned(key.substr(kTenantKey.size()), text);
    return;
  }
  const auto holder = claims_.holders.find(key);
  if (holder == claims_.holders.end()) return;  // about no Tenant in particular
  ledgers_[key].troubles[kHandling] = {"namespace " + key + " " + text, 0, 2};
  WriteStatus(holder->second);
}

// ---- Claims ----

void TenantController::Reclaim(std::set<std::string>& touched) {
  std::vector<Claimant> claimants;
  for (const auto& [name, tenant] : state_.tenants()) {
    if (tenant.meta.deletion.unix_ms != 0) continue;
    claimants.push_back(
        {name, tenant.meta.created, tenant.spec.namespaces, !tenant.invalid.empty()});
  }
  std::vector<ClaimedNamespace> all;
  namespaces_.clear();
  for (const auto& [name, ns] : state_.namespaces()) {
    all.push_back({name, HolderOf(ns), Terminating(ns)});
    namespaces_[name] = InputsOf(ns);
  }
  const Claims before =
      std::exchange(claims_, DecideClaims(std::move(claimants), all, settings_.own_namespace));
  for (const ClaimedNamespace& ns : all) {
    const auto was = before.holders.find(ns.name);
    const auto is = claims_.holders.find(ns.name);
    const std::string held_before = was == before.holders.end() ? "" : was->second;
    const std::string held = is == claims_.holders.end() ? "" : is->second;
    if (held != held_before || held != ns.holder) touched.insert(ns.name);
  }
  std::erase_if(tenants_,
                [&](const auto& known) { return state_.FindTenant(known.first) == nullptr; });
  NotePeers(all, touched);
}

// Tenants that changed, or whose allowed namespaces came or went, are rendered again.
void TenantController::NotePeers(const std::vector<ClaimedNamespace>& namespaces,
                                 std::set<std::string>& touched) {
  for (const auto& [name, tenant] : state_.tenants()) {
    Memory& memory = tenants_[name];
    std::vector<std::string> peers = Expand(tenant.spec.network.allowed_namespaces, namespaces);
    const std::string inputs = InputsOf(tenant);
    if (memory.inputs == inputs && memory.peers == peers) continue;
    memory.inputs = inputs;
    memory.peers = std::move(peers);
    const std::vector<std::string>& held = claims_.tenants[name].held;
    touched.insert(held.begin(), held.end());
  }
}

// ---- One namespace ----

NamespaceFacts TenantController::BuildFacts(const std::string& ns) {
  NamespaceFacts facts;
  facts.boot_ms = state_.clock().BootMs();
  facts.drift_ms = settings_.drift_ms;
  const auto holder = claims_.holders.find(ns);
  if (holder == claims_.holders.end()) return facts;
  facts.holder = holder->second;
  const api::Tenant* tenant = state_.FindTenant(facts.holder);
  if (tenant == nullptr) return facts;
  const api::TenantSpec& spec = tenant->spec;
  facts.level = spec.security.pod_security_level;
  const std::string& isolation = spec.network.isolation;
  if (isolation == "strict" || isolation == "namespace") {
    facts.wanted[kNetworkPolicy] =
        api::RenderNetworkPolicy(ns, facts.holder, isolation, tenants_[facts.holder].peers);
  }
  if (!spec.users.empty() || !spec.groups.empty()) {
    facts.wanted[kRoleBinding] =
        api::RenderRoleBinding(ns, facts.holder, spec, settings_.role_prefix + "-tenant-user");
  }
  std::vector<const api::ResourceQuota*> quotas;
  for (auto it = state_.quotas().lower_bound(ns + "/"); it != state_.quotas().end(); ++it) {
    if (it->second.meta.ns != ns) break;
    quotas.push_back(&it->second);
  }
  const api::ResourceList core = CoreQuotaOf(spec, quotas);
  if (!core.empty()) {
    facts.wanted[kResourceQuota] = api::RenderCoreQuota(ns, facts.holder, core);
  }
  return facts;
}

void TenantController::ReconcileNamespace(const std::string& name) {
  const auto found = state_.namespaces().find(name);
  if (found == state_.namespaces().end()) {
    ledgers_.erase(name);
    return;
  }
  const api::Namespace& ns = found->second;
  NamespaceLedger& ledger = ledgers_[name];
  if (ledger.uid != ns.meta.uid) {
    ledger = NamespaceLedger{};
    ledger.uid = ns.meta.uid;
  }
  const NamespaceFacts facts = BuildFacts(name);
  Carry(ns, ledger, facts, PlanNamespace(ns, ledger, facts));
  if (ledger.troubles.erase(kHandling) > 0 && !facts.holder.empty()) WriteStatus(facts.holder);
}

void TenantController::Carry(const api::Namespace& ns, NamespaceLedger& ledger,
                             const NamespaceFacts& facts, const NamespaceActions& actions) {
  for (const std::string& kind : actions.applies) {
    ledger.in_flight.insert(kind);
    Apply(ns, kind, facts.holder, facts.wanted.at(kind));
  }
  for (const std::string& kind : actions.deletes) {
    ledger.in_flight.insert(kind);
    Delete(ns, kind, actions.delete_tenant);
  }
  if (actions.change) {
    ledger.in_flight.insert(kNamespaceWord);
    Patch(ns, facts, actions);
  }
  if (actions.wake_in_ms > 0) wake_(ns.meta.name, actions.wake_in_ms);
}

NamespaceLedger* TenantController::Settle(const std::string& ns, const std::string& uid,
                                          const std::string& kind,
                                          const Result<std::string>& answer) {
  const auto it = ledgers_.find(ns);
  if (it == ledgers_.end() || it->second.uid != uid) return nullptr;
  NamespaceLedger& ledger = it->second;
  ledger.in_flight.erase(kind);
  const bool known = ledger.troubles.contains(kind);
  if (answer.ok()) {
    ledger.troubles.erase(kind);
  } else {
    Trouble& trouble = ledger.troubles[kind];
    trouble.text = "namespace " + ns + ": " + kind + ": " + answer.error().message;
    std::int64_t wait_ms = kConflictMs;
    if (answer.error().code != Code::kConflict) {
      wait_ms = NamespaceRetryMs(++trouble.failures);
      base::LogWarn("tenant rendering", {{"namespace", ns}, {"error", trouble.text}});
    }
    trouble.retry_at_ms = state_.clock().BootMs() + wait_ms;
  }
  if (known || !answer.ok()) {
    if (const auto holder = claims_.holders.find(ns); holder != claims_.holders.end()) {
      WriteStatus(holder->second);
    }
  }
  return &ledger;
}

void TenantController::Apply(const api::Namespace& ns, const std::string& kind,
                             const std::string& tenant, const std::string& json) {
  const std::string path = PathOf(ns.meta.name, kind, tenant);
  actuator_.Apply(path, json,
                  [this, name = ns.meta.name, uid = ns.meta.uid, kind, path,
                   json](const Result<std::string>& answer) {
                    NamespaceLedger* ledger = Settle(name, uid, kind, answer);
                    if (ledger == nullptr) return;
                    if (answer.ok()) {
                      ledger->applied[kind] = {json, state_.clock().BootMs()};
                      ledger->deleted.erase(kind);
                    } else if (answer.error().code == Code::kInvalid && kind == kRoleBinding) {
                      // A roleRef cannot be changed: another release's goes, then ours is applied.
                      actuator_.Delete(path, [](const Result<std::string>&) {});
                    }
                    ReconcileNamespace(name);
                  });
}

void TenantController::Delete(const api::Namespace& ns, const std::string& kind,
                              const std::string& tenant) {
  actuator_.Delete(
      PathOf(ns.meta.name, kind, tenant),
      [this, name = ns.meta.name, uid = ns.meta.uid, kind](const Result<std::string>& answer) {
        const bool gone = answer.ok() || answer.error().code == Code::kNotFound;
        NamespaceLedger* ledger =
            Settle(name, uid, kind, gone ? Result<std::string>(std::string()) : answer);
        if (ledger == nullptr) return;
        if (gone) {
          ledger->deleted.insert(kind);
          ledger->applied.erase(kind);
        }
        ReconcileNamespace(name);
      });
}

void TenantController::Patch(const api::Namespace& ns, const NamespaceFacts& facts,
                             const NamespaceActions& actions) {
  actuator_.MergePatch(
      kube::ObjectPath(kube::kNamespaces, "", ns.meta.name),
      api::RenderNamespacePatch(ns, *actions.change),
      [this, name = ns.meta.name, uid = ns.meta.uid, from = ns.meta.resource_version,
       claimed = actions.claimed ? facts.holder : "",
       released = actions.released](const Result<std::string>& answer) {
        NamespaceLedger* ledger = Settle(name, uid, kNamespaceWord, answer);
        if (ledger == nullptr) return;
        if (!answer.ok()) {
          ReconcileNamespace(name);
          return;
        }
        ledger->patched_from = from;
        ledger->deleted.clear();
        if (const api::Tenant* tenant = state_.FindTenant(released)) {
          actuator_.EmitEvent("Tenant", tenant->meta,
                              {"Normal", "NamespaceReleased", "released namespace " + name});
        }
        if (const api::Tenant* tenant = state_.FindTenant(claimed)) {
          actuator_.EmitEvent("Tenant", tenant->meta,
                              {"Normal", "NamespaceClaimed", "claimed namespace " + name});
        }
        ReconcileNamespace(name);  // the watch may have been faster than the answer
      });
}

}  // namespace muster::op
