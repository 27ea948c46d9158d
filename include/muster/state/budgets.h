// PodDisruptionBudgets (policy/v1) and the pods of gangs that they cover.
//
// Pure functions; the owner thread of the ClusterState.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "muster/api/core.h"
#include "muster/sched/types.h"
#include "muster/state/cluster_state.h"

namespace muster::state {

// Whether a pod of the budget's namespace with these labels is covered by it.
// Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/ (null and empty selectors
// of policy/v1), .../concepts/overview/working-with-objects/labels/ (the operators).
bool Covers(const api::PodDisruptionBudget& budget, const api::Labels& labels);

// For each budget that covers any, how many of these pods are on a node and neither terminal nor
// being deleted.  REQUIRES: all of them are of the namespace.  By name of the budget.
std::vector<sched::BudgetShare> SharesOfBudgets(const ClusterState& state, const std::string& ns,
                                                const std::set<std::string>& pods);

}  // namespace muster::state
