#include "controllers/tenant/claims.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "muster/base/text.h"

namespace muster::op {
namespace {

bool IsGlob(const std::string& pattern) { return pattern.find('*') != std::string::npos; }

bool Forbidden(const std::string& ns, const std::string& own_namespace) {
  return ns == "kube-system" || ns == "kube-public" || ns == "kube-node-lease" ||
         ns == own_namespace;
}

std::vector<std::string> PatternsOf(const Claimant& claimant) {
  if (claimant.patterns.empty()) return {claimant.name};
  return claimant.patterns;
}

bool Wants(const Claimant& claimant, const std::string& ns) {
  if (claimant.patterns.empty()) return claimant.name == ns;
  return std::any_of(claimant.patterns.begin(), claimant.patterns.end(),
                     [&](const std::string& pattern) {
                       if (!IsGlob(pattern)) return pattern == ns;
                       return ns != "default" && base::GlobMatch(pattern, ns);
                     });
}

// The one that is to hold it; null: nobody.
const Claimant* Holder(const std::vector<Claimant>& claimants, const ClaimedNamespace& ns) {
  for (const Claimant& claimant : claimants) {
    if (claimant.name != ns.holder) continue;
    if (claimant.frozen || Wants(claimant, ns.name)) return &claimant;
  }
  if (ns.terminating) return nullptr;
  for (const Claimant& claimant : claimants) {
    if (!claimant.frozen && Wants(claimant, ns.name)) return &claimant;
  }
  return nullptr;
}

void Sort(Claims& claims) {
  for (auto& [name, tenant] : claims.tenants) {
    std::sort(tenant.held.begin(), tenant.held.end());
    std::sort(tenant.forbidden.begin(), tenant.forbidden.end());
    std::sort(tenant.missing.begin(), tenant.missing.end());
  }
}

void NoteNamed(const Claimant& claimant, const std::set<std::string>& known,
               const std::string& own_namespace, TenantClaims& out) {
  for (const std::string& pattern : PatternsOf(claimant)) {
    if (IsGlob(pattern)) continue;
    if (Forbidden(pattern, own_namespace)) {
      out.forbidden.push_back(pattern);
    } else if (!known.contains(pattern)) {
      out.missing.push_back(pattern);
    }
  }
}

}  // namespace

Claims DecideClaims(std::vector<Claimant> claimants,
                    const std::vector<ClaimedNamespace>& namespaces,
                    const std::string& own_namespace) {
  std::sort(claimants.begin(), claimants.end(), [](const Claimant& a, const Claimant& b) {
    return std::tie(a.created, a.name) < std::tie(b.created, b.name);
  });
  Claims claims;
  std::set<std::string> known;
  for (const ClaimedNamespace& ns : namespaces) known.insert(ns.name);
  for (const Claimant& claimant : claimants) {
    NoteNamed(claimant, known, own_namespace, claims.tenants[claimant.name]);
  }
  for (const ClaimedNamespace& ns : namespaces) {
    if (Forbidden(ns.name, own_namespace)) continue;
    const Claimant* holder = Holder(claimants, ns);
    if (holder == nullptr) continue;
    claims.holders[ns.name] = holder->name;
    claims.tenants[holder->name].held.push_back(ns.name);
    for (const Claimant& other : claimants) {
      if (&other == holder || other.frozen || !Wants(other, ns.name)) continue;
      claims.tenants[other.name].elsewhere[ns.name] = holder->name;
    }
  }
  Sort(claims);
  return claims;
}

std::vector<std::string> Expand(const std::vector<std::string>& patterns,
                                const std::vector<ClaimedNamespace>& all) {
  std::set<std::string> names;
  for (const std::string& pattern : patterns) {
    if (!IsGlob(pattern)) {
      names.insert(pattern);
      continue;
    }
    for (const ClaimedNamespace& ns : all) {
      if (base::GlobMatch(pattern, ns.name)) names.insert(ns.name);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace muster::op
