// What tenants use and how much they wait for, and whether their guarantees fit the cluster.
//
// Pure functions over the ClusterState.
#pragma once

#include <map>
#include <string>

#include "controllers/tenant/status_plan.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

// One pass over the jobs and groups: once a second at most.
UsageTable BuildUsage(state::ClusterState& state);

// Resource -> sentence; empty while the cluster has no nodes at all.
std::map<std::string, std::string> BuildOverCapacity(const state::ClusterState& state);

}  // namespace muster::op
