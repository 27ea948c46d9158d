// Node selector and required node affinity, names of nodes included: all requirements of the
// selector, and all requirements of at least one term.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity
#include "sched/plugins/plugin.h"
#include "sched/plugins/requirements.h"

namespace muster::sched {
namespace {

Answer Room(const Wanted& wanted, const NodeView& node) {
  const Shape& shape = wanted.shape.shape;
  const Node& at = *node.slot.node;
  return {MatchesAll(shape.selector, at) && MatchesAny(shape.required, at) ? kAnyNumber : 0, 0};
}

std::string WhyNot(const Wanted&, const NodeView&) { return "not selected by node labels"; }

}  // namespace

Filter NodeSelectorFilter() { return {"node_selector", FilterKind::kLasting, Room, WhyNot}; }

}  // namespace muster::sched
