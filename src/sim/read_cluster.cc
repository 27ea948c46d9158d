// Nodes and tenants of a workload file (docs/simulator.md).
#include <map>
#include <set>

#include "sim/read_workload.h"

namespace muster::sim {
namespace {

constexpr std::int64_t kMostNodes = 1'000'000;

std::vector<sched::Taint> ReadTaints(Fields& node, Complaints& complaints) {
  std::vector<sched::Taint> taints;
  const std::vector<Value>& list = node.List("taints");
  for (std::size_t i = 0; i < list.size(); ++i) {
    Fields fields(list[i], node.PathOf("taints[" + std::to_string(i) + "]"), complaints);
    sched::Taint taint{fields.Required("key"), fields.TextOr("value", ""),
                       fields.TextOr("effect", "NoSchedule")};
    if (taint.effect != "NoSchedule" && taint.effect != "NoExecute") {
      fields.Complain("effect", "is \"" + taint.effect + "\", not NoSchedule or NoExecute");
    }
    fields.End();
    taints.push_back(std::move(taint));
  }
  return taints;
}

void ReadNode(Fields fields, const TraceShape& shape, Complaints& complaints,
              std::vector<sched::Node>& nodes) {
  sched::Node node;
  const std::string name = fields.Required("name");
  const std::int64_t count = fields.IntOr("count", 0, {1, kMostNodes});
  node.ready = true;
  node.allocatable = ReadAmounts(fields, shape.device_resource);
  for (auto& [key, value] : fields.Texts("labels")) node.labels[key] = value;
  if (fields.Has("model")) node.labels[shape.model_label] = fields.TextOr("model", "");
  node.taints = ReadTaints(fields, complaints);
  fields.End();
  if (count == 0) {
    node.name = name;
    node.labels.emplace("kubernetes.io/hostname", node.name);
    nodes.push_back(std::move(node));
    return;
  }
  if (static_cast<std::int64_t>(nodes.size()) + count > kMostNodes) {
    fields.Complain("count", "makes more than 1000000 nodes");
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    sched::Node& one = nodes.emplace_back(node);
    one.name = Numbered(name + "-", i, 4);
    one.labels.emplace("kubernetes.io/hostname", one.name);
  }
}

// From every tenant up to one without a parent.
void CheckParents(const std::vector<sched::Tenant>& tenants, const std::vector<Value>& list,
                  Complaints& complaints) {
  std::map<std::string, std::string> parents;
  for (const sched::Tenant& tenant : tenants) parents[tenant.name] = tenant.parent;
  for (std::size_t i = 0; i < tenants.size() && !complaints.error(); ++i) {
    Fields fields(list[i], "tenants[" + std::to_string(i) + "]", complaints);
    const std::string& parent = tenants[i].parent;
    if (!parent.empty() && !parents.contains(parent)) {
      fields.Complain("parent", "names no tenant of this file: " + parent);
      continue;
    }
    std::size_t steps = 0;
    for (std::string up = parent; !up.empty() && steps <= tenants.size(); up = parents[up]) ++steps;
    if (steps > tenants.size()) fields.Complain("parent", "leads back to the tenant itself");
  }
}

}  // namespace

std::string Numbered(const std::string& stem, std::int64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < width ? width - digits.size() : 0, '0');
  return stem + digits;
}

sched::Amounts ReadAmounts(Fields& fields, const std::string& device_resource) {
  sched::Amounts amounts = fields.AmountsOf("resources", device_resource);
  fields.AddAmount("gpu", device_resource, amounts);
  fields.AddAmount("cpu", "cpu", amounts);
  fields.AddAmount("memory", "memory", amounts);
  std::erase_if(amounts, [](const auto& amount) { return amount.second == 0; });
  return amounts;
}

std::vector<sched::Node> ReadNodes(Fields& file, const TraceShape& shape, Complaints& complaints) {
  std::vector<sched::Node> nodes;
  const std::vector<Value>& list = file.List("nodes");
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size() && !complaints.error(); ++i) {
    const std::string path = "nodes[" + std::to_string(i) + "]";
    const std::size_t before = nodes.size();
    ReadNode(Fields(list[i], path, complaints), shape, complaints, nodes);
    for (std::size_t n = before; n < nodes.size(); ++n) {
      if (names.insert(nodes[n].name).second) continue;
      complaints.Add(list[i], path, "makes a second node " + nodes[n].name);
    }
  }
  return nodes;
}

std::vector<sched::Tenant> ReadTenants(Fields& file, const TraceShape& shape,
                                       Complaints& complaints) {
  std::vector<sched::Tenant> tenants;
  const std::vector<Value>& list = file.List("tenants");
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size() && !complaints.error(); ++i) {
    Fields fields(list[i], "tenants[" + std::to_string(i) + "]", complaints);
    sched::Tenant tenant;
    tenant.name = fields.Required("name");
    tenant.parent = fields.TextOr("parent", "");
    tenant.weight_milli = fields.MilliOr("weight", 1'000);
    tenant.guaranteed = fields.AmountsOf("guaranteed", shape.device_resource);
    std::erase_if(tenant.guaranteed, [](const auto& amount) { return amount.second == 0; });
    tenant.hard = fields.AmountsOf("hard", shape.device_resource);
    tenant.borrow_limit = fields.AmountsOf("borrowLimit", shape.device_resource);
    tenant.lending_limit = fields.AmountsOf("lendingLimit", shape.device_resource);
    if (!names.insert(tenant.name).second) {
      fields.Complain("name", "is that of another tenant: " + tenant.name);
    }
    fields.End();
    tenants.push_back(std::move(tenant));
  }
  CheckParents(tenants, list, complaints);
  return tenants;
}

}  // namespace muster::sim
