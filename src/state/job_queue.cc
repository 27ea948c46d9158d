#include "muster/state/job_queue.h"

#include <algorithm>

#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

bool CameBefore(const JobEntry* a, const JobEntry* b) {
  if (a->job.meta.created != b->job.meta.created) return a->job.meta.created < b->job.meta.created;
  return a->job.meta.uid < b->job.meta.uid;
}

}  // namespace

bool JobQueue::Set(const JobEntry& entry, bool in) {
  const auto it = std::lower_bound(in_order_.begin(), in_order_.end(), &entry, CameBefore);
  const bool there = it != in_order_.end() && *it == &entry;
  if (there == in) return false;
  if (in) {
    in_order_.insert(it, &entry);
  } else {
    in_order_.erase(it);
  }
  return true;
}

std::int64_t JobQueue::Before(const JobEntry& entry) const {
  return std::lower_bound(in_order_.begin(), in_order_.end(), &entry, CameBefore) -
         in_order_.begin();
}

const JobEntry* JobQueue::At(std::int64_t rank) const {
  const bool there = rank >= 0 && rank < static_cast<std::int64_t>(in_order_.size());
  return there ? in_order_[rank] : nullptr;
}

// ---- The queues of a ClusterState ----

namespace {

const JobQueue* Find(const std::map<std::string, JobQueue>& queues, const std::string& name) {
  const auto it = queues.find(name);
  return it == queues.end() ? nullptr : &it->second;
}

}  // namespace

std::int64_t ClusterState::MaxJobs(const std::string& ns) const {
  std::int64_t least = kNoLimit;
  for (auto it = quotas_.lower_bound(ns + "/"); it != quotas_.end(); ++it) {
    const api::ResourceQuota& quota = it->second;
    if (quota.meta.ns != ns) break;
    for (const char* name : {"count/jobs", "count/jobs.scheduler.io"}) {
      const auto hard = quota.hard.find(name);
      if (hard != quota.hard.end()) least = std::min(least, hard->second);
    }
  }
  return least;
}

std::int64_t ClusterState::MaxPendingJobs(const std::string& tenant) const {
  const api::Tenant* found = FindTenant(tenant);
  if (found == nullptr || found->spec.max_pending_jobs == 0) return kNoLimit;
  return found->spec.max_pending_jobs;
}

std::int64_t ClusterState::UnfinishedBefore(const JobEntry& entry) const {
  const JobQueue* queue = Find(unfinished_, entry.job.meta.ns);
  return queue == nullptr ? 0 : queue->Before(entry);
}

std::int64_t ClusterState::PendingBefore(const JobEntry& entry) const {
  const JobQueue* queue = Find(pending_, TenantOf(entry.job.meta.ns));
  return queue == nullptr ? 0 : queue->Before(entry);
}

// When one comes or goes, the one at the limit, and no other, changes sides.
void ClusterState::Enqueue(std::map<std::string, JobQueue>& queues, const std::string& name,
                           const JobEntry& entry, bool in, std::int64_t limit) {
  const auto it = in ? queues.try_emplace(name).first : queues.find(name);
  if (it == queues.end() || !it->second.Set(entry, in)) return;
  const JobEntry* moved = it->second.At(in ? limit : limit - 1);
  if (moved != nullptr) dirty_.jobs.insert(moved->key);
  if (it->second.empty()) queues.erase(it);
}

void ClusterState::QueueJob(JobEntry& entry, bool gone) {
  const std::string& ns = entry.job.meta.ns;
  const bool unfinished = !gone && !api::Finished(entry.job.status);
  Enqueue(unfinished_, ns, entry, unfinished, MaxJobs(ns));
  const bool pending = unfinished && !entry.placement && !entry.job.spec.suspend;
  const std::string tenant = pending ? TenantOf(ns) : "";
  const std::string& before = entry.pending_in;
  if (before != tenant && !before.empty()) {
    Enqueue(pending_, before, entry, false, MaxPendingJobs(before));
  }
  entry.pending_in = tenant;
  if (!tenant.empty()) Enqueue(pending_, tenant, entry, true, MaxPendingJobs(tenant));
}

}  // namespace muster::state
