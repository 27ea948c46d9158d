// Node selector and required node affinity, names of nodes included: all requirements of the
// selector, and all requirements of at least one term.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity
#include <algorithm>

#include "muster/base/text.h"
#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

bool Among(const Requirement& requirement, const std::string& value) {
  return std::find(requirement.values.begin(), requirement.values.end(), value) !=
         requirement.values.end();
}

// Gt and Lt compare whole numbers; anything else does not match.
bool Compares(const Requirement& requirement, const std::string& value) {
  if (requirement.values.size() != 1) return false;
  const auto have = base::ParseInt(value);
  const auto bound = base::ParseInt(requirement.values[0]);
  if (!have || !bound) return false;
  return requirement.op == SelectOp::kGt ? *have > *bound : *have < *bound;
}

bool Matches(const Requirement& requirement, const Node& node) {
  const std::string* value = requirement.name ? &node.name : nullptr;
  if (!requirement.name) {
    const auto it = node.labels.find(requirement.key);
    if (it != node.labels.end()) value = &it->second;
  }
  switch (requirement.op) {
    case SelectOp::kIn:
      return value && Among(requirement, *value);
    case SelectOp::kNotIn:
      return !value || !Among(requirement, *value);
    case SelectOp::kExists:
      return value != nullptr;
    case SelectOp::kDoesNotExist:
      return value == nullptr;
    case SelectOp::kGt:
    case SelectOp::kLt:
      return value && Compares(requirement, *value);
  }
  return false;
}

bool All(const std::vector<Requirement>& requirements, const Node& node) {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Requirement& r) { return Matches(r, node); });
}

Answer Room(const Wanted& wanted, const NodeView& node) {
  const Shape& shape = wanted.shape.shape;
  if (!All(shape.selector, *node.slot.node)) return {0, 0};
  if (shape.required.empty()) return {};
  for (const auto& term : shape.required) {
    // A term without requirements matches nothing, as in Kubernetes.
    if (!term.empty() && All(term, *node.slot.node)) return {};
  }
  return {0, 0};
}

std::string WhyNot(const Wanted&, const NodeView&) { return "not selected by node labels"; }

}  // namespace

Filter NodeSelectorFilter() { return {"node_selector", FilterKind::kLasting, Room, WhyNot}; }

}  // namespace muster::sched
