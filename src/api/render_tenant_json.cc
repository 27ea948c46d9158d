#include "api/write_json.h"
#include "muster/api/render_tenant.h"

namespace muster::api {
namespace {

Json Metadata(const std::string& ns, const std::string& tenant) {
  return {{"name", RenderedName(tenant)}, {"namespace", ns}, {"labels", {{kLabelManaged, tenant}}}};
}

Json Namespaces(const std::vector<std::string>& names) {
  return {{"namespaceSelector",
           {{"matchExpressions", Json::array({{{"key", "kubernetes.io/metadata.name"},
                                               {"operator", "In"},
                                               {"values", names}}})}}}};
}

// Who may talk to pods here, and to whom they may talk.
Json Peers(const std::string& tenant, const std::vector<std::string>& allowed) {
  Json peers = Json::array({{{"namespaceSelector", {{"matchLabels", {{kLabelTenant, tenant}}}}}}});
  if (!allowed.empty()) peers.push_back(Namespaces(allowed));
  return peers;
}

Json Dns() {
  return {{"to", Json::array({Namespaces({"kube-system"})})},
          {"ports", Json::array({{{"protocol", "UDP"}, {"port", 53}},
                                 {{"protocol", "TCP"}, {"port", 53}}})}};
}

Json Subjects(const TenantSpec& spec) {
  Json subjects = Json::array();
  const auto add = [&](const char* kind, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      subjects.push_back(
          {{"kind", kind}, {"name", name}, {"apiGroup", "rbac.authorization.k8s.io"}});
    }
  };
  add("User", spec.users);
  add("Group", spec.groups);
  return subjects;
}

Json ToMembers(const std::map<std::string, std::optional<std::string>>& change) {
  Json out = Json::object();
  for (const auto& [key, value] : change) out[key] = value ? Json(*value) : Json(nullptr);
  return out;
}

}  // namespace

std::string RenderedName(const std::string& tenant) { return "muster-" + tenant; }

std::string RenderNetworkPolicy(const std::string& ns, const std::string& tenant,
                                const std::string& isolation,
                                const std::vector<std::string>& allowed) {
  const Json peers = Peers(tenant, allowed);
  Json spec = {{"podSelector", Json::object()},
               {"policyTypes", Json::array({"Ingress"})},
               {"ingress", Json::array({{{"from", peers}}})}};
  if (isolation == "strict") {
    spec["policyTypes"].push_back("Egress");
    spec["egress"] = Json::array({{{"to", peers}}, Dns()});
  }
  const Json out = {{"apiVersion", "networking.k8s.io/v1"},
                    {"kind", "NetworkPolicy"},
                    {"metadata", Metadata(ns, tenant)},
                    {"spec", std::move(spec)}};
  return ToText(out);
}

std::string RenderRoleBinding(const std::string& ns, const std::string& tenant,
                              const TenantSpec& spec, const std::string& cluster_role) {
  const Json out = {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                    {"kind", "RoleBinding"},
                    {"metadata", Metadata(ns, tenant)},
                    {"roleRef",
                     {{"apiGroup", "rbac.authorization.k8s.io"},
                      {"kind", "ClusterRole"},
                      {"name", cluster_role}}},
                    {"subjects", Subjects(spec)}};
  return ToText(out);
}

std::string RenderCoreQuota(const std::string& ns, const std::string& tenant,
                            const ResourceList& hard) {
  Json spec = Json::object();
  PutResources(spec, "hard", hard);
  const Json out = {{"apiVersion", "v1"},
                    {"kind", "ResourceQuota"},
                    {"metadata", Metadata(ns, tenant)},
                    {"spec", std::move(spec)}};
  return ToText(out);
}

std::string RenderNamespacePatch(const Namespace& ns, const NamespaceChange& change) {
  Json meta = {{"resourceVersion", ns.meta.resource_version}};
  if (!change.labels.empty()) meta["labels"] = ToMembers(change.labels);
  if (!change.annotations.empty()) meta["annotations"] = ToMembers(change.annotations);
  return ToText(Json{{"metadata", std::move(meta)}});
}

}  // namespace muster::api
