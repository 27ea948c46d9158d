// The cluster as the operator knows it: the API objects it watches, the ledger of its own writes,
// and the World the core decides on, kept in step by deltas.
//
// Every Upsert and Remove is level-based: duplicates and objects already known are harmless.  What
// has to be looked at again is collected in dirty sets that the loop takes.
// Threads: one owner; no locks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "muster/api/tenant.h"
#include "muster/api/workflow.h"
#include "muster/base/clock.h"
#include "muster/sched/world.h"
#include "muster/state/foreign_groups.h"
#include "muster/state/job_queue.h"
#include "muster/state/template_cache.h"

namespace muster::state {

struct StateOptions {
  std::string gpu_resource = "nvidia.com/gpu";
  std::string default_tenant;               // of namespaces nobody claims; empty: none
  std::int64_t group_timeout_ms = 600'000;  // of foreign pod groups without a label
};

// Names of objects that changed since they were last taken.
struct Dirty {
  std::set<std::string> jobs;        // namespace/name
  std::set<std::string> groups;      // keys of foreign groups
  std::set<std::string> workflows;   // namespace/name
  std::set<std::string> tenants;     // name
  std::set<std::string> namespaces;  // name
  std::set<std::string> quotas;      // namespace/name
};

// A create that was in flight when its job went.
struct Orphan {
  std::string occupant;  // key of the Occupant that stands for its pod
  CommittedPod pod;
  std::int64_t until_ms = 0;  // BootMs
};

class ClusterState {
 public:
  ClusterState(StateOptions options, const base::Clock& clock);

  // From the reflectors.
  void Upsert(api::Node node);
  void Remove(const api::Node& node);
  void Upsert(api::Pod pod);
  void Remove(const api::Pod& pod);
  void Upsert(api::Namespace ns);
  void Remove(const api::Namespace& ns);
  void Upsert(api::LimitRange range);
  void Remove(const api::LimitRange& range);
  void Upsert(api::PersistentVolumeClaim claim);
  void Remove(const api::PersistentVolumeClaim& claim);
  void Upsert(api::PersistentVolume volume);
  void Remove(const api::PersistentVolume& volume);
  void Upsert(api::StorageClass storage_class);
  void Remove(const api::StorageClass& storage_class);
  void Upsert(api::Tenant tenant);
  void Remove(const api::Tenant& tenant);
  void Upsert(api::ResourceQuota quota);
  void Remove(const api::ResourceQuota& quota);
  void Upsert(api::PodDisruptionBudget budget);
  void Remove(const api::PodDisruptionBudget& budget);
  void Upsert(api::Job job);
  void Remove(const api::Job& job);
  void Upsert(api::Workflow workflow);
  void Remove(const api::Workflow& workflow);
  // Everything there is of one of these kinds: what is not listed goes.  Returns "key: why" of each
  // object that could not be taken in; that costs the others nothing.
  template <class T>
  std::vector<std::string> Replace(std::vector<T> all);

  // The answer to a status write of ours that was made from resourceVersion `from`: in force at
  // once; older watch events of the job are ignored until the watch has caught up with it.  If the
  // job is not at `from` any more, the watch (or a new LIST) was faster than the answer, which is
  // then no news and maybe older than what is here.
  void ObserveWritten(api::Job job, const std::string& from);
  // The job as it was read back after JobEntry::ledger.reading was set: whatever the watch has not
  // shown yet is in force at once.
  void ObserveRead(api::Job job);
  // The create of a pod whose job is gone was refused: its place is free.
  void ForgetCreate(const std::string& pod_key);

  // From now on what older leaders write anew is void (placement-protocol.md, fencing 4).
  void SetBarrier(std::int64_t epoch);
  std::int64_t epoch() const { return epoch_; }
  // The highest epoch found on any pod or status.
  std::int64_t highest_epoch() const;

  // Brings the World in step with one job: `eligible` says whether the scheduler may start it.
  void FoldJob(JobEntry& entry, bool eligible);

  // Counts a foreign pod on the node its Binding was issued for; "" takes it back.  A pod that has
  // a node by itself stays where it is.
  void SetBinding(const std::string& pod_key, const std::string& node, bool borrowing = false);

  // What the pods of a task that are still to be placed, and a pod that is there, are to others.
  sched::Ties TiesOfTask(const JobEntry& entry, std::int32_t task) const;
  sched::Ties TiesOfPod(const api::Pod& pod) const;

  sched::World& world() { return world_; }
  const sched::World& world() const { return world_; }
  TemplateCache& templates() { return templates_; }
  // A dry run's good answer: what pods of the template are, and with it what the scheduler sees.
  void DescribeTemplate(Template& made, const std::string& gpu_model, const api::Pod& answer);
  // What is due by itself: templates are asked anew some time after a LimitRange changed, because
  // the API server's own view of it lags behind its watch; creates for jobs that are gone end.
  void RunDue();
  Dirty TakeDirty();
  void MarkJob(const std::string& key) { dirty_.jobs.insert(key); }
  void MarkWorkflow(const std::string& key) { dirty_.workflows.insert(key); }
  void MarkQuota(const std::string& key) { dirty_.quotas.insert(key); }
  void MarkGroup(const std::string& key) { dirty_.groups.insert(key); }
  void MarkAllJobs();
  void MarkJobsOf(const Template& made);
  void MarkJobsOn(const std::string& node);
  void MarkAllJobsOfTenant(const std::string& tenant);

  // A job of the tenant that holds more than is counted, because it is not known yet how large its
  // pods are: while there is one, the tenant may start nothing.  Null: none.
  const JobEntry* UncountedJobOf(const std::string& tenant) const;

  // Lookups; null: not there.
  JobEntry* FindJob(const std::string& key);
  JobEntry* FindJobByUid(const std::string& uid);
  const JobEntry* FindJobByUid(const std::string& uid) const;
  PodEntry* FindPod(const std::string& key);
  const api::Tenant* FindTenant(const std::string& name) const;
  // Tenant of a namespace by its claim label, the default tenant, or "" for none.
  std::string TenantOf(const std::string& ns) const;

  // Limits on the number of jobs: how many may be unfinished in a namespace or wait in a tenant
  // (kNoLimit: any number), and how many of those came before a job.  A job that changes sides is
  // marked.
  std::int64_t MaxJobs(const std::string& ns) const;
  std::int64_t MaxPendingJobs(const std::string& tenant) const;
  std::int64_t UnfinishedBefore(const JobEntry& entry) const;
  std::int64_t PendingBefore(const JobEntry& entry) const;

  const std::map<std::string, api::Node>& nodes() const { return nodes_; }
  const std::map<std::string, api::Namespace>& namespaces() const { return namespaces_; }
  const std::map<std::string, api::LimitRange>& limit_ranges() const { return limit_ranges_; }
  const std::map<std::string, api::Tenant>& tenants() const { return tenants_; }
  const std::map<std::string, api::ResourceQuota>& quotas() const { return quotas_; }
  const std::map<std::string, api::PodDisruptionBudget>& budgets() const { return budgets_; }
  const std::map<std::string, api::Workflow>& workflows() const { return workflows_; }
  const std::map<std::string, JobEntry>& jobs() const { return jobs_; }
  std::map<std::string, JobEntry>& jobs() { return jobs_; }
  const std::unordered_map<std::string, PodEntry>& pods() const { return pods_; }
  const std::map<std::string, Orphan>& orphans() const { return orphans_; }
  ForeignGroups& groups() { return groups_; }
  const Volumes& volumes() const { return volumes_; }
  const Peers& peers() const { return peers_; }
  const StateOptions& options() const { return options_; }
  const base::Clock& clock() const { return clock_; }

 private:
  void QueueJob(JobEntry& entry, bool gone = false);
  void Enqueue(std::map<std::string, JobQueue>& queues, const std::string& name,
               const JobEntry& entry, bool in, std::int64_t limit);
  void SetJob(JobEntry& entry, api::Job job);
  void DoubtAwaited();
  void MarkWorkflowOf(const api::Job& job);
  void MarkQuotasOf(const std::string& ns);
  void MarkGangsIn(const std::string& ns);
  void AcquireTemplates(JobEntry& entry);
  void ReleaseTemplates(JobEntry& entry);
  std::string TemplateKeyOf(const JobEntry& entry, std::int32_t task) const;
  void RekeyTemplates(JobEntry& entry);
  void FoldNode(const std::string& name);
  void SetUncounted(JobEntry& entry, std::set<std::string> nodes);
  void CheckSize(JobEntry& job, const PodEntry& pod);
  void CountAgain(JobEntry& job, const PodEntry& pod, std::int32_t rank);
  void ReadPlacement(JobEntry& entry);
  bool CountSlot(JobEntry& entry, const Slot& slot, const std::string& key);
  bool Counts(const JobEntry& entry, const Slot& slot, const std::set<std::int32_t>& there) const;
  void KeepOrphans(const JobEntry& entry);
  bool IsLeftBehind(const PodEntry& entry) const;
  void FoldLeftBehind(const JobEntry& entry);
  void FoldPod(const std::string& key, PodEntry& entry);
  void UnfoldPod(const std::string& key, PodEntry& entry);
  void RenewTemplates(const std::string& ns);
  void FoldNamespaceQuota(const std::string& ns);
  void FoldShape(Template& made);
  bool FoldVolumes(Template& made);
  void ClaimsMoved(const std::set<std::string>& claims);
  void NoteForeignUser(const api::Pod& pod, const std::string& key, bool gone);
  sched::Ties TiesOfSlot(const JobEntry& entry, const Slot& slot) const;
  const api::Labels& LabelsOfNamespace(const std::string& ns) const;
  void UsePeersOf(const JobEntry& entry, bool in_world);
  void UsePeersOf(const std::string& key, const PodEntry& entry, bool gone = false);
  void UsePeers(const std::string& user, std::vector<PeerSet> sets);
  void FoldPeers(const PeerChange& change);
  void FoldPeersOf(JobEntry& entry, const PeerChange& change);
  void FoldTenantOfNamespace(const std::string& ns);
  void SeePod(JobEntry& job, const PodEntry& pod, bool gone);
  void MarkOwner(const api::Pod& pod, const std::string& key, bool gone);

  StateOptions options_;
  const base::Clock& clock_;
  std::int64_t epoch_ = 0;  // 0: not leading
  sched::World world_;
  TemplateCache templates_;
  ForeignGroups groups_;
  Volumes volumes_;
  Peers peers_;
  std::map<std::string, api::Node> nodes_;
  std::map<std::string, api::Namespace> namespaces_;
  std::map<std::string, api::LimitRange> limit_ranges_;
  std::map<std::string, api::Tenant> tenants_;
  std::map<std::string, api::ResourceQuota> quotas_;
  std::map<std::string, api::PodDisruptionBudget> budgets_;
  std::map<std::string, api::Workflow> workflows_;
  std::map<std::string, JobEntry> jobs_;
  std::unordered_map<std::string, JobEntry*> job_by_uid_;
  std::map<std::string, JobQueue> unfinished_;  // by namespace
  std::map<std::string, JobQueue> pending_;     // by tenant
  std::unordered_map<std::string, PodEntry> pods_;
  std::unordered_map<std::string, std::set<std::string>> pods_of_;  // owner uid -> pod keys
  std::map<std::string, std::set<std::string>> foreign_users_;      // claim -> foreign pod keys
  std::map<std::string, std::int64_t> renew_at_ms_;                 // namespace -> BootMs
  std::map<std::string, std::set<std::string>> uncounted_on_;       // node -> jobs
  std::map<std::string, Orphan> orphans_;                           // by pod key
  Dirty dirty_;
};

// Uid of the gang that stands for the replicas of a running job that are still to be placed.
inline std::string MoreUid(const std::string& job_uid) { return job_uid + "+"; }
// Uid of the Job of ours that controls a pod; empty: none.
std::string OwnerJobUid(const api::Pod& pod);
PodSlot ReadSlot(const api::Pod& pod);
// Key of the Occupant that stands for one pod index of one attempt.
std::string SlotKey(const std::string& job_uid, std::int32_t attempt, const std::string& task,
                    std::int32_t index);

}  // namespace muster::state
