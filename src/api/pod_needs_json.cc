// What a pod takes and where it may run.
//
// Effective request (scheduling.md section 1; the rule of kube-scheduler and of the kubelet):
//   max(sum of containers + sidecars, max over init containers i of (init_i + sidecars before i))
//   + overhead; what pod-level resources name replaces that sum.
// A sidecar is an init container with restartPolicy Always.
#include <algorithm>

#include "api/read_json.h"
#include "muster/base/quantity.h"

namespace muster::api {
namespace {

void Add(const ResourceList& more, ResourceList& sum) {
  for (const auto& [name, amount] : more) sum[name] = base::SaturatingAdd(sum[name], amount);
}

void RaiseTo(const ResourceList& other, ResourceList& list) {
  for (const auto& [name, amount] : other) list[name] = std::max(list[name], amount);
}

// Requests or limits of all containers together.
struct Total {
  ResourceList running;   // containers and sidecars
  ResourceList starting;  // the greatest moment before the containers run
  ResourceList sidecars;  // so far

  void AddInit(const ResourceList& need, bool sidecar) {
    if (sidecar) {
      Add(need, sidecars);
      Add(need, running);
      RaiseTo(sidecars, starting);
      return;
    }
    ResourceList moment = sidecars;
    Add(need, moment);
    RaiseTo(moment, starting);
  }
  ResourceList Sum() const {
    ResourceList sum = running;
    RaiseTo(starting, sum);
    return sum;
  }
};

void ReadPorts(const Fields& container, PodNeeds& out) {
  container.Each("ports", [&out](const Fields& port) {
    HostPort host{port.Int32("hostPort", 0), port.Text("protocol", "TCP"), port.Text("hostIP")};
    if (host.host_ip == "0.0.0.0" || host.host_ip == "::") host.host_ip.clear();
    if (host.port != 0) out.host_ports.push_back(std::move(host));
  });
}

void ReadResources(const Fields& spec, PodNeeds& out) {
  Total requests;
  Total limits;
  const auto container_needs = [](const Fields& container, ResourceList& limit) {
    const Fields resources = container.At("resources");
    limit = resources.Resources("limits");
    ResourceList need = resources.Resources("requests");
    need.insert(limit.begin(), limit.end());  // an absent request is the limit
    return need;
  };
  spec.Each("initContainers", [&](const Fields& container) {
    ResourceList limit;
    const bool sidecar = container.Text("restartPolicy") == "Always";
    requests.AddInit(container_needs(container, limit), sidecar);
    limits.AddInit(limit, sidecar);
    if (sidecar) ReadPorts(container, out);
  });
  spec.Each("containers", [&](const Fields& container) {
    ResourceList limit;
    Add(container_needs(container, limit), requests.running);
    Add(limit, limits.running);
    ReadPorts(container, out);
  });
  out.requests = requests.Sum();
  out.limits = limits.Sum();
  const Fields pod_level = spec.At("resources");
  for (const auto& [name, n] : pod_level.Resources("requests")) out.requests[name] = n;
  for (const auto& [name, n] : pod_level.Resources("limits")) out.limits[name] = n;
  for (const auto& [name, n] : spec.Resources("overhead")) {
    out.requests[name] = base::SaturatingAdd(out.requests[name], n);
    const auto limit = out.limits.find(name);
    if (limit != out.limits.end()) limit->second = base::SaturatingAdd(limit->second, n);
  }
  for (auto it = out.requests.begin(); it != out.requests.end();) {
    it = it->second == 0 ? out.requests.erase(it) : it + 1;
  }
  out.requests["pods"] = 1;
}

void ReadRequirements(const Fields& term, const char* key, NodeSelectorTerm& out) {
  const bool field = std::string_view(key) == "matchFields";
  term.Each(key, [&](const Fields& requirement) {
    out.push_back({requirement.Text("key"), requirement.Text("operator"),
                   requirement.Texts("values"), field});
  });
}

// The first field that is not honoured is told.
void Refuse(PodNeeds& out, const std::string& path, const char* fix) {
  if (out.unsupported.empty()) out.unsupported = path + " is not supported: " + fix;
}

void ReadOwnKeys(const Fields& in, const char* list, PodNeeds& out, PodTerm& term) {
  for (std::string& key : in.Texts(list)) {
    // The replicas of a task are alike when their places are looked for.
    if (key == kLabelIndex) Refuse(out, in.Path() + '.' + list, "take scheduler.io/index out");
    term.own_keys.push_back(std::move(key));
  }
}

void ReadPodTerms(const Fields& pods, PodNeeds& out, std::vector<PodTerm>& terms) {
  pods.Each("requiredDuringSchedulingIgnoredDuringExecution", [&](const Fields& in) {
    PodTerm term;
    term.topology_key = in.Text("topologyKey");
    const Fields selector = in.At("labelSelector");
    term.selector = ReadLabelSelector(selector);
    term.namespaces = in.Texts("namespaces");
    const Fields namespaces = in.At("namespaceSelector");
    term.namespace_selector = ReadLabelSelector(namespaces);
    ReadOwnKeys(in, "matchLabelKeys", out, term);
    ReadOwnKeys(in, "mismatchLabelKeys", out, term);
    terms.push_back(std::move(term));
  });
}

void ReadSpreads(const Fields& spec, PodNeeds& out, std::vector<PodSpread>& spreads) {
  spec.Each("topologySpreadConstraints", [&](const Fields& in) {
    if (in.Text("whenUnsatisfiable", "DoNotSchedule") == "ScheduleAnyway") return;
    PodSpread spread;
    spread.term.topology_key = in.Text("topologyKey");
    const Fields selector = in.At("labelSelector");
    spread.term.selector = ReadLabelSelector(selector);
    ReadOwnKeys(in, "matchLabelKeys", out, spread.term);
    spread.max_skew = in.Int32("maxSkew", 1, 1);
    spread.min_domains = in.Int32("minDomains", 0, 1);
    const auto only = [&](const char* key, const std::string& value) {
      if (in.Text(key, value) == value) return;
      Refuse(out, in.Path() + '.' + key, ("take it out, or set it to " + value).c_str());
    };
    only("nodeAffinityPolicy", "Honor");
    only("nodeTaintsPolicy", "Ignore");
    spreads.push_back(std::move(spread));
  });
}

void ReadOtherPods(const Fields& spec, const Fields& affinity, PodNeeds& out) {
  PodTerms terms;
  const Fields together = affinity.At("podAffinity");
  ReadPodTerms(together, out, terms.affinity);
  const Fields apart = affinity.At("podAntiAffinity");
  ReadPodTerms(apart, out, terms.anti_affinity);
  ReadSpreads(spec, out, terms.spreads);
  if (terms.affinity.empty() && terms.anti_affinity.empty() && terms.spreads.empty()) return;
  out.terms = std::make_shared<const PodTerms>(std::move(terms));
}

void ReadUnsupported(const Fields& spec, PodNeeds& out) {
  const auto found = [&out](const std::string& path, const char* fix) { Refuse(out, path, fix); };
  spec.Each("volumes", [&](const Fields& volume) {
    // Its claim is made for the pod once the pod is there, whatever the class: where its volume
    // will be is not known when the pod gets its node.
    if (volume.Has("ephemeral")) {
      found(volume.Path() + ".ephemeral", "use an emptyDir, or a claim that is bound already");
    }
    const Fields claim = volume.At("persistentVolumeClaim");
    if (claim.present()) out.claims.push_back({claim.Path(), claim.Text("claimName")});
  });
  const Json* claims = spec.Raw("resourceClaims");
  if (claims != nullptr && !claims->empty()) {
    found("spec.resourceClaims", "ask for devices in resources");
  }
}

}  // namespace

void ReadNodeSelector(const Fields& selector, std::vector<NodeSelectorTerm>& out) {
  if (!selector.present()) return;
  selector.Each("nodeSelectorTerms", [&out](const Fields& term) {
    NodeSelectorTerm read;
    ReadRequirements(term, "matchExpressions", read);
    ReadRequirements(term, "matchFields", read);
    if (!read.empty()) out.push_back(std::move(read));
  });
  // A term without requirements matches no node, and neither does a list of such terms.
  if (out.empty()) out.push_back({{"metadata.name", "In", {}, true}});
}

void ReadPodNeeds(const Fields& spec, PodNeeds& out) {
  ReadResources(spec, out);
  out.node_selector = spec.TextMap("nodeSelector");
  spec.Each("tolerations", [&out](const Fields& toleration) {
    out.tolerations.push_back({toleration.Text("key"), toleration.Text("operator"),
                               toleration.Text("value"), toleration.Text("effect")});
  });
  const Fields affinity = spec.At("affinity");
  const Fields node = affinity.At("nodeAffinity");
  ReadNodeSelector(node.At("requiredDuringSchedulingIgnoredDuringExecution"), out.required_terms);
  ReadOtherPods(spec, affinity, out);
  ReadUnsupported(spec, out);
}

}  // namespace muster::api
