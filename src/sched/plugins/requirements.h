// Requirements on the labels and the name of a node, as node selectors and required affinities have
// them.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity
#pragma once

#include <vector>

#include "muster/sched/types.h"

namespace muster::sched {

bool MatchesAll(const std::vector<Requirement>& requirements, const Node& node);
// All requirements of at least one term; without terms there is no constraint.
bool MatchesAny(const Terms& terms, const Node& node);

}  // namespace muster::sched
