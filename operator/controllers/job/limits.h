// Count limits: Tenant limits.maxPendingJobs and ResourceQuota count/jobs.  A job beyond one waits.
#pragma once

#include <string>

#include "muster/state/cluster_state.h"

namespace muster::op {

// One sentence if the job is not among the first of its namespace or tenant (by creation, then
// UID), else empty.  It stays as it is while others come and go behind the limit: the ClusterState
// marks the job that they move across.
std::string OverCountLimit(const state::ClusterState& state, const state::JobEntry& entry);

}  // namespace muster::op
