// What one namespace needs now: its claim label, and what its tenant renders into it.
//
// The annotation scheduler.io/rendered says what is there.  It is written before the first object
// and shortened after the last one is gone, so that nothing is left behind when a leader dies or a
// Tenant is deleted meanwhile.  A namespace that changes hands is cleared of the old tenant's
// objects first; label and annotation then change in one write.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/api/render_tenant.h"

namespace muster::op {

// Words of the annotation.
inline constexpr char kNetworkPolicy[] = "networkpolicy";
inline constexpr char kRoleBinding[] = "rolebinding";
inline constexpr char kResourceQuota[] = "resourcequota";

struct Rendered {
  std::string tenant;           // empty: nothing
  std::set<std::string> kinds;  // the three above
  std::string level;            // of pod security, set by us; empty: none

  friend bool operator==(const Rendered&, const Rendered&) = default;
};
Rendered ParseRendered(const std::string& annotation);
std::string FormatRendered(const Rendered& rendered);

struct Trouble {
  std::string text;
  std::int64_t retry_at_ms = 0;  // BootMs
  std::int32_t failures = 0;
};

// What was issued, by word of the annotation; "namespace" for the Namespace itself.
struct NamespaceLedger {
  std::string uid;
  struct Applied {
    std::string json;
    std::int64_t at_ms = 0;  // BootMs
  };
  std::map<std::string, Applied> applied;
  std::set<std::string> in_flight;
  std::set<std::string> deleted;
  std::map<std::string, Trouble> troubles;
  std::string patched_from;  // resourceVersion the last good patch was made from
};

struct NamespaceFacts {
  std::string holder;                         // who is to hold it; empty: nobody
  std::map<std::string, std::string> wanted;  // kind -> JSON
  std::string level;                          // of pod security; empty: leave it alone
  std::int64_t boot_ms = 0;
  std::int64_t drift_ms = 600'000;
};

struct NamespaceActions {
  std::optional<api::NamespaceChange> change;
  std::vector<std::string> applies;  // kinds of `wanted`
  std::vector<std::string> deletes;  // kinds, of objects named after `delete_tenant`
  std::string delete_tenant;
  bool claimed = false;  // `change` gives it to the holder
  std::string released;  // `change` takes it from this tenant
  std::int64_t wake_in_ms = 0;
};

NamespaceActions PlanNamespace(const api::Namespace& ns, const NamespaceLedger& ledger,
                               const NamespaceFacts& facts);

// 1 s, 2 s, … 60 s.
std::int64_t NamespaceRetryMs(std::int32_t failures);

// What Muster does not count itself: the tenant's storage, and of the ResourceQuotas of the
// namespace PersistentVolumeClaims, storage and object counts; the least of each.
api::ResourceList CoreQuotaOf(const api::TenantSpec& spec,
                              const std::vector<const api::ResourceQuota*>& quotas);

}  // namespace muster::op
