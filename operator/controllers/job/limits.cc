#include "controllers/job/limits.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace muster::op {
namespace {

using state::ClusterState;
using state::JobEntry;

bool Before(const JobEntry& a, const JobEntry& b) {
  if (a.job.meta.created != b.job.meta.created) return a.job.meta.created < b.job.meta.created;
  return a.job.meta.uid < b.job.meta.uid;
}

// As the Tenant's status counts it: a job that is suspended waits for nobody.
bool IsPending(const JobEntry& entry) { return !entry.placement && !entry.job.spec.suspend; }

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

using Place = std::pair<base::TimePoint, std::string>;  // creation, UID
using Queues = std::map<std::string, std::vector<Place>>;

Place PlaceOf(const JobEntry& entry) { return {entry.job.meta.created, entry.job.meta.uid}; }

bool Within(const Queues& queues, const std::string& name, const Place& place, std::int64_t limit) {
  const auto it = queues.find(name);
  if (it == queues.end()) return true;
  return std::lower_bound(it->second.begin(), it->second.end(), place) - it->second.begin() < limit;
}

// What counts, in order, for the namespaces and tenants of the jobs that are held.
struct Counted {
  Queues by_namespace;  // unfinished jobs
  Queues by_tenant;     // pending jobs
};

Counted CountQueues(const ClusterState& state, const std::set<std::string>& held) {
  Counted counted;
  for (const std::string& key : held) {
    const std::string ns = key.substr(0, key.find('/'));
    counted.by_namespace[ns];
    counted.by_tenant[state.TenantOf(ns)];
  }
  for (const auto& [key, entry] : state.jobs()) {
    if (api::Finished(entry.job.status)) continue;
    const std::string& ns = entry.job.meta.ns;
    const auto space = counted.by_namespace.find(ns);
    if (space != counted.by_namespace.end()) space->second.push_back(PlaceOf(entry));
    if (!IsPending(entry)) continue;
    const auto tenant = counted.by_tenant.find(state.TenantOf(ns));
    if (tenant != counted.by_tenant.end()) tenant->second.push_back(PlaceOf(entry));
  }
  for (Queues* queues : {&counted.by_namespace, &counted.by_tenant}) {
    for (auto& [name, places] : *queues) std::sort(places.begin(), places.end());
  }
  return counted;
}

}  // namespace

std::vector<std::string> NowWithinLimits(const ClusterState& state,
                                         const std::set<std::string>& held) {
  std::vector<std::string> within;
  if (held.empty()) return within;
  const Counted counted = CountQueues(state, held);
  for (const std::string& key : held) {
    const auto it = state.jobs().find(key);
    if (it == state.jobs().end()) continue;
    const std::string& ns = it->second.job.meta.ns;
    const std::string tenant_name = state.TenantOf(ns);
    const auto limit = JobLimitOf(state, ns);
    const api::Tenant* tenant = state.FindTenant(tenant_name);
    const std::int64_t pending = tenant == nullptr ? 0 : tenant->spec.max_pending_jobs;
    const Place place = PlaceOf(it->second);
    if (limit && !Within(counted.by_namespace, ns, place, *limit)) continue;
    if (pending > 0 && !Within(counted.by_tenant, tenant_name, place, pending)) continue;
    within.push_back(key);
  }
  return within;
}

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
    return IsPending(other) && state.TenantOf(other.job.meta.ns) == name;
  });
  if (rank < tenant->spec.max_pending_jobs) return "";
  return "Tenant " + name + " limits.maxPendingJobs is " +
         std::to_string(tenant->spec.max_pending_jobs) + "; " + std::to_string(rank) +
         " pending jobs came before this one";
}

}  // namespace muster::op
