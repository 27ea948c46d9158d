// Count limits: Tenant limits.maxPendingJobs and ResourceQuota count/jobs.  A job beyond one waits.
#pragma once

#include <string>

#include "muster/state/cluster_state.h"

namespace muster::op {

// One sentence if the job is not among the first of its namespace or tenant (by creation, then
// UID), else empty.  Costs a pass over the jobs only where a limit is set.
std::string OverCountLimit(const state::ClusterState& state, const state::JobEntry& entry);

}  // namespace muster::op
