#include "controllers/job/limits.h"

#include <functional>
#include <optional>

namespace muster::op {
namespace {

using state::ClusterState;
using state::JobEntry;

bool Before(const JobEntry& a, const JobEntry& b) {
  if (a.job.meta.created != b.job.meta.created) return a.job.meta.created < b.job.meta.created;
  return a.job.meta.uid < b.job.meta.uid;
}

// How many unfinished jobs that `counts` accepts come before `entry`.
std::int64_t RankAmong(const ClusterState& state, const JobEntry& entry,
                       const std::function<bool(const JobEntry&)>& counts) {
  std::int64_t rank = 0;
  for (const auto& [key, other] : state.jobs()) {
    if (!api::Finished(other.job.status) && Before(other, entry) && counts(other)) ++rank;
  }
  return rank;
}

std::optional<std::int64_t> JobLimitOf(const ClusterState& state, const std::string& ns) {
  std::optional<std::int64_t> least;
  for (const auto& [key, quota] : state.quotas()) {
    if (quota.meta.ns != ns) continue;
    for (const char* name : {"count/jobs", "count/jobs.scheduler.io"}) {
      const auto it = quota.hard.find(name);
      if (it != quota.hard.end() && (!least || it->second < *least)) least = it->second;
    }
  }
  return least;
}

}  // namespace

std::string OverCountLimit(const ClusterState& state, const JobEntry& entry) {
  const std::string& ns = entry.job.meta.ns;
  if (const auto limit = JobLimitOf(state, ns)) {
    const std::int64_t rank =
        RankAmong(state, entry, [&](const JobEntry& other) { return other.job.meta.ns == ns; });
    if (rank >= *limit) {
      return "ResourceQuota count/jobs of namespace " + ns + " admits " + std::to_string(*limit) +
             " unfinished jobs; " + std::to_string(rank) + " came before this one";
    }
  }
  const std::string name = state.TenantOf(ns);
  const api::Tenant* tenant = state.FindTenant(name);
  if (tenant == nullptr || tenant->spec.max_pending_jobs == 0) return "";
  const std::int64_t rank = RankAmong(state, entry, [&](const JobEntry& other) {
    return !other.placement && state.TenantOf(other.job.meta.ns) == name;
  });
  if (rank < tenant->spec.max_pending_jobs) return "";
  return "Tenant " + name + " limits.maxPendingJobs is " +
         std::to_string(tenant->spec.max_pending_jobs) + "; " + std::to_string(rank) +
         " pending jobs came before this one";
}

}  // namespace muster::op
