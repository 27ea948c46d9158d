// Where things live on the API server: the paths of every kind that Muster reads or writes.
//
// Threads: constants and pure functions.
#pragma once

#include <string>
#include <string_view>

namespace muster::kube {

// One collection.  `group_version` is the prefix: "/api/v1" or "/apis/<group>/<version>".
struct Resource {
  std::string_view group_version;
  std::string_view plural;
  bool namespaced = true;
};

inline constexpr Resource kNamespaces{"/api/v1", "namespaces", false};
inline constexpr Resource kNodes{"/api/v1", "nodes", false};
inline constexpr Resource kPods{"/api/v1", "pods"};
inline constexpr Resource kServices{"/api/v1", "services"};
inline constexpr Resource kEvents{"/api/v1", "events"};
inline constexpr Resource kLimitRanges{"/api/v1", "limitranges"};
inline constexpr Resource kCoreResourceQuotas{"/api/v1", "resourcequotas"};
inline constexpr Resource kConfigMaps{"/api/v1", "configmaps"};
inline constexpr Resource kPersistentVolumeClaims{"/api/v1", "persistentvolumeclaims"};
inline constexpr Resource kPersistentVolumes{"/api/v1", "persistentvolumes", false};
inline constexpr Resource kLeases{"/apis/coordination.k8s.io/v1", "leases"};
inline constexpr Resource kEndpointSlices{"/apis/discovery.k8s.io/v1", "endpointslices"};
inline constexpr Resource kNetworkPolicies{"/apis/networking.k8s.io/v1", "networkpolicies"};
inline constexpr Resource kPodDisruptionBudgets{"/apis/policy/v1", "poddisruptionbudgets"};
inline constexpr Resource kRoleBindings{"/apis/rbac.authorization.k8s.io/v1", "rolebindings"};
inline constexpr Resource kStorageClasses{"/apis/storage.k8s.io/v1", "storageclasses", false};
inline constexpr Resource kTenants{"/apis/scheduler.io/v1", "tenants", false};
inline constexpr Resource kResourceQuotas{"/apis/scheduler.io/v1", "resourcequotas"};
inline constexpr Resource kJobs{"/apis/scheduler.io/v1", "jobs"};
inline constexpr Resource kWorkflows{"/apis/scheduler.io/v1", "workflows"};

// "/api/v1/pods", or "/api/v1/namespaces/<ns>/pods" when `ns` is given.  `ns` must be empty for a
// resource without namespaces.
std::string CollectionPath(const Resource& resource, std::string_view ns = {});

// "/api/v1/namespaces/<ns>/pods/<name>[/<subresource>]": "status", "binding", "eviction", "scale".
std::string ObjectPath(const Resource& resource, std::string_view ns, std::string_view name,
                       std::string_view subresource = {});

// RFC 3986 percent-encoding of everything but unreserved characters: for names in a path and for
// values in a query.
std::string EscapeQuery(std::string_view text);

}  // namespace muster::kube
