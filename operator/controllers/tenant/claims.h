// Who holds which namespace.
//
// The claim is the label scheduler.io/tenant on the Namespace.  Who has it keeps it while it wants
// it; a free namespace goes to the tenant that was created first (then by name).  kube-system,
// kube-public, kube-node-lease and Muster's own namespace go to nobody, default only to a tenant
// that names it.
//
// Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/base/clock.h"

namespace muster::op {

struct Claimant {
  std::string name;
  base::TimePoint created;
  std::vector<std::string> patterns;  // names or globs; empty: the namespace of its own name
  bool frozen = false;  // its spec cannot be read: keeps what it has, gets nothing new
};

struct ClaimedNamespace {
  std::string name;
  std::string holder;        // by its label; empty: free
  bool terminating = false;  // stays with its holder, is given to nobody
};

// How one tenant fares.
struct TenantClaims {
  std::vector<std::string> held;                 // sorted
  std::map<std::string, std::string> elsewhere;  // namespace -> the tenant that holds it
  std::vector<std::string> forbidden;            // named, but not to be had
  std::vector<std::string> missing;              // named, but not there

  friend bool operator==(const TenantClaims&, const TenantClaims&) = default;
};

struct Claims {
  std::map<std::string, std::string> holders;  // namespace -> who is to hold it; absent: nobody
  std::map<std::string, TenantClaims> tenants;
};

// REQUIRES: claimants are those that exist and are not being deleted.
Claims DecideClaims(std::vector<Claimant> claimants,
                    const std::vector<ClaimedNamespace>& namespaces,
                    const std::string& own_namespace);

// Namespaces (of `all`) that names or globs mean, with names that are not there; sorted.
std::vector<std::string> Expand(const std::vector<std::string>& patterns,
                                const std::vector<ClaimedNamespace>& all);

}  // namespace muster::op
