// Count limits: Tenant limits.maxPendingJobs and ResourceQuota count/jobs.  A job beyond one waits.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "muster/state/cluster_state.h"

namespace muster::op {

// One sentence if the job is not among the first of its namespace or tenant (by creation, then
// UID), else empty.  Costs a pass over the jobs only where a limit is set.
std::string OverCountLimit(const state::ClusterState& state, const state::JobEntry& entry);

// Of the jobs `held` by a limit, those that no limit holds any more.  One pass over all jobs.
std::vector<std::string> NowWithinLimits(const state::ClusterState& state,
                                         const std::set<std::string>& held);

}  // namespace muster::op
