// Carries out what PlanJob says: the I/O half of the Job controller.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controllers/job/plan.h"
#include "muster/actuate/actuator.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

// What happened, for the metrics; the shell reads and forwards it.
struct JobCounters {
  std::int64_t commits = 0;
  std::int64_t commit_conflicts = 0;
  std::int64_t commit_errors = 0;
  std::int64_t pods_created = 0;
  std::int64_t pods_deleted = 0;
  std::int64_t dry_runs = 0;
  std::map<std::string, std::int64_t> phases;  // how many jobs entered each
};

class JobReconciler {
 public:
  // `wake(key, ms)`: reconcile this job again after ms.
  JobReconciler(state::ClusterState& state, actuate::Actuator& actuator,
                std::function<void(const std::string&, std::int64_t)> wake);

  // Looks at one job and acts.  Unknown keys are ignored.
  void Reconcile(const std::string& key);
  // The last Reconcile threw: the job is told so, whether it waits or runs.
  void Poisoned(const std::string& key, const std::string& what);

  const JobCounters& counters() const { return counters_; }
  // Waits that ended in a commit since the last call, in ms.
  std::vector<std::int64_t> TakeWaits() { return std::exchange(waits_, {}); }

 private:
  JobFacts BuildFacts(const state::JobEntry& entry);
  std::string LeftBehind(const state::JobEntry& entry);
  void Carry(state::JobEntry& entry, JobActions actions);
  void AskTemplate(state::JobEntry& entry, std::int32_t task);
  void TakeTemplate(const std::string& template_key, const std::string& model,
                    const base::Result<std::string>& answer);
  void TakeTemplateError(state::Template& found, const base::Error& error);
  void CreatePod(state::JobEntry& entry, const state::Slot& slot);
  static std::string NameHeld(const api::Meta& holder);
  void Refuse(state::JobEntry& entry, const std::string& message, bool quota = false);
  bool GiveUp(state::JobEntry& entry, const std::string& pod, const std::string& why);
  void TakeCreated(const std::string& key, const std::string& uid, const std::string& pod,
                   const base::Result<std::string>& answer);
  void LookForPod(state::JobEntry& entry, const std::string& pod);
  void TakeLook(const std::string& key, const std::string& uid, const std::string& pod,
                const base::Result<std::string>& answer);
  void ReadBack(state::JobEntry& entry);
  void TakeRead(const std::string& key, const std::string& uid,
                const base::Result<std::string>& answer);
  using TakeAnswer = void (JobReconciler::*)(state::JobEntry&, const base::Result<std::string>&);
  actuate::Done OnService(state::JobEntry& entry, TakeAnswer take);
  void AskService(state::JobEntry& entry);
  void CreateService(state::JobEntry& entry);
  void ReadService(state::JobEntry& entry);
  void TakeService(state::JobEntry& entry, const base::Result<std::string>& answer);
  void JudgeService(state::JobEntry& entry, const base::Result<std::string>& found);
  void ServiceIsThere(state::JobEntry& entry);
  void AskServiceLater(state::JobEntry& entry);
  void DeletePod(state::JobEntry& entry, const PodDelete& pod);
  void WriteStatus(state::JobEntry& entry, JobActions& actions);
  // The answer to a status write made from resourceVersion `from`.
  void TakeStatus(const std::string& key, const std::string& uid, const std::string& from,
                  const std::vector<api::EventText>& events,
                  const base::Result<std::string>& answer);
  void TakeNoStatus(state::JobEntry& entry, const std::string& from, const base::Error& error);
  api::PodContext Context(const state::JobEntry& entry, const std::string& tenant) const;
  // A placement on its way to the API server; `since` is when the wait for it began.
  struct Commit {
    std::string job;
    std::int32_t attempt = 0;
    std::size_t pods = 0;
    std::int64_t cycle = 0;
    base::TimePoint since;
    bool growth = false;  // of a job that runs: nothing waited
  };
  Commit CommitOf(const state::JobEntry& entry) const;
  void CountCommit(const Commit& commit, const base::Result<std::string>& answer);
  // The job of a callback, if it is still the same one.
  state::JobEntry* Same(const std::string& key, const std::string& uid);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  JobCounters counters_;
  std::vector<std::int64_t> waits_;
};

}  // namespace muster::op
