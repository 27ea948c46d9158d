// What a Tenant keeps in each namespace it holds, as JSON for server-side apply, and the change of
// the Namespace itself.
//
// Threads: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/api/core.h"
#include "muster/api/tenant.h"

namespace muster::api {

// What has been rendered into a namespace: "<tenant> <kind> <kind>…".  Written before the first
// object is, so that a new leader knows what to take away.
inline constexpr char kAnnotationRendered[] = "scheduler.io/rendered";
inline constexpr char kLabelPodSecurity[] = "pod-security.kubernetes.io/enforce";

// Name of everything that is rendered for a tenant: muster-<tenant>.
std::string RenderedName(const std::string& tenant);

// isolation "namespace": in from namespaces of the same tenant, and from `allowed`.
// isolation "strict": the same, and out to these and to DNS only.
// `allowed`: names of namespaces, sorted.
std::string RenderNetworkPolicy(const std::string& ns, const std::string& tenant,
                                const std::string& isolation,
                                const std::vector<std::string>& allowed);

// Users and groups to one ClusterRole.
std::string RenderRoleBinding(const std::string& ns, const std::string& tenant,
                              const TenantSpec& spec, const std::string& cluster_role);

// A core/v1 ResourceQuota.
std::string RenderCoreQuota(const std::string& ns, const std::string& tenant,
                            const ResourceList& hard);

// Values to set; nothing: to be removed.
struct NamespaceChange {
  std::map<std::string, std::optional<std::string>> labels;
  std::map<std::string, std::optional<std::string>> annotations;

  bool empty() const { return labels.empty() && annotations.empty(); }
};
// Merge patch with the resourceVersion as precondition.
std::string RenderNamespacePatch(const Namespace& ns, const NamespaceChange& change);

}  // namespace muster::api
