#include "controllers/job/limits.h"

namespace muster::op {

std::string OverCountLimit(const state::ClusterState& state, const state::JobEntry& entry) {
  const std::string& ns = entry.job.meta.ns;
  const std::int64_t jobs = state.MaxJobs(ns);
  if (state.UnfinishedBefore(entry) >= jobs) {
    return "ResourceQuota count/jobs of namespace " + ns + " admits " + std::to_string(jobs) +
           " unfinished jobs, and that many came before this one";
  }
  const std::string tenant = state.TenantOf(ns);
  const std::int64_t pending = state.MaxPendingJobs(tenant);
  if (state.PendingBefore(entry) >= pending) {
    return "Tenant " + tenant + " limits.maxPendingJobs is " + std::to_string(pending) +
           ", and that many pending jobs came before this one";
  }
  return "";
}

}  // namespace muster::op
