// Tenants: who holds which namespace, what is rendered into it, and the Tenant's status.  The I/O
// half; the rules are in claims.h (who holds what), namespace_plan.h (what a namespace needs) and
// status_plan.h (what a Tenant says).
//
// What is rendered is not watched: it is applied when its inputs change, once by each new leader,
// and again every `drift_ms`.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controllers/status_pacer.h"
#include "controllers/tenant/claims.h"
#include "controllers/tenant/namespace_plan.h"
#include "controllers/tenant/status_plan.h"
#include "muster/actuate/actuator.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

struct TenantSettings {
  std::string own_namespace = "muster-system";  // cannot be claimed
  std::string role_prefix = "muster";           // ClusterRole <prefix>-tenant-user
  std::int64_t drift_ms = 600'000;
};

class TenantController {
 public:
  // `wake(key, ms)`: Retry(key) after ms.
  TenantController(state::ClusterState& state, actuate::Actuator& actuator,
                   std::function<void(const std::string&, std::int64_t)> wake,
                   TenantSettings settings);

  // Runs `work` of one object and catches what it throws, so that the others get their turn; `key`
  // is what Retry takes.
  using Guard = std::function<void(const std::string& key, const std::function<void()>& work)>;
  // Names of what changed (Dirty::tenants, Dirty::namespaces).  The first call looks at all.
  void Reconcile(const std::set<std::string>& tenants, const std::set<std::string>& namespaces,
                 const Guard& guard);
  // Once a second while World::generation changes: statuses that carry usage.
  void RefreshUsage(const Guard& guard);
  // A key given to `wake` or to a Guard.
  void Retry(const std::string& key, const Guard& guard);
  // The work on a key given to a Guard threw: the Tenant it is about says so.
  void Poisoned(const std::string& key, const std::string& what);

 private:
  // What of a Tenant decides claims and rendering, as of the last look, and its status writes.
  struct Memory {
    std::string inputs;
    std::vector<std::string> peers;  // namespaces that its NetworkPolicy names
    StatusPacer pacer;
  };

  void Reclaim(std::set<std::string>& touched);
  void NotePeers(const std::vector<ClaimedNamespace>& namespaces, std::set<std::string>& touched);
  void ReconcileNamespace(const std::string& name);
  NamespaceFacts BuildFacts(const std::string& ns);
  void Carry(const api::Namespace& ns, NamespaceLedger& ledger, const NamespaceFacts& facts,
             const NamespaceActions& actions);
  void Apply(const api::Namespace& ns, const std::string& kind, const std::string& tenant,
             const std::string& json);
  void Delete(const api::Namespace& ns, const std::string& kind, const std::string& tenant);
  void Patch(const api::Namespace& ns, const NamespaceFacts& facts,
             const NamespaceActions& actions);
  // The ledger an answer belongs to, with its trouble noted or cleared; null: no longer there.
  NamespaceLedger* Settle(const std::string& ns, const std::string& uid, const std::string& kind,
                          const base::Result<std::string>& answer);
  std::string RenderError(const std::string& tenant) const;
  void WriteStatus(const std::string& name);
  api::TenantStatus PlanStatus(const api::Tenant& tenant);
  // Says that it cannot be handled, and nothing else.
  void TellPoisoned(const std::string& name, const std::string& text);
  void SendStatus(const api::Tenant& tenant, StatusPacer& pacer, const api::TenantStatus& next);
  void TakeStatus(const std::string& name, const std::string& from,
                  const base::Result<std::string>& answer);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  TenantSettings settings_;
  bool first_ = true;
  Claims claims_;
  std::map<std::string, Memory> tenants_;
  std::map<std::string, std::string> namespaces_;  // name -> what of it decides claims
  std::map<std::string, NamespaceLedger> ledgers_;
  UsageTable usage_;
  std::map<std::string, std::string> over_capacity_;
};

}  // namespace muster::op
