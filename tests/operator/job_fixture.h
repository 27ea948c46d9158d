// One leader at work on Jobs: the Job controller and the scheduler's cycle on a ClusterFixture,
// with a tenant "a" that owns the namespace "team" and nodes of eight GPUs.
//
// Settle lets everything come to rest.  For what happens between two messages there are single
// steps: Turn (what the loop does once), Carried (the server has done it), Answers (and we are
// told), Sync (everything is listed) and SeeJob, SeePod (a watch shows one object as it is now).
// Threads: the test's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "controllers/job/reconciler.h"
#include "drift.h"
#include "muster/api/codec.h"
#include "muster/state/amounts.h"
#include "operator/cluster_fixture.h"
#include "scheduler_loop.h"

namespace muster::op::testing {

class JobFixture : public ClusterFixture {
 protected:
  JobFixture() {
    Put("/api/v1/namespaces/team", R"({"metadata":{"labels":{"scheduler.io/tenant":"a"}}})");
    PutOurs("tenants/a", "{}");
    on_wake_ = [this](const std::string& key) { state_.MarkJob(key); };
  }
  // Whatever a test was about: the World counts what there is.
  void TearDown() override {
    for (const std::string& place : FindDrift(state_)) {
      EXPECT_FALSE(place.starts_with("node ")) << place;
    }
  }

  // `replicas` pods of `gpus` each; `more` is put into the spec.
  void PutJob(const std::string& name, int replicas, int gpus, const std::string& more = "") {
    PutOurs("namespaces/team/jobs/" + name,
            R"({"image":"i","replicas":)" + std::to_string(replicas) + R"(,"resources":{"gpu":")" +
                std::to_string(gpus) + R"("})" + more + "}");
  }
  // Somebody edits the object: a merge patch, with a new generation where it is about the spec.
  void Edit(const std::string& path, const std::string& patch) {
    const auto edited = other_.Do({.verb = kube::Verb::kMergePatch, .path = path, .body = patch});
    ASSERT_TRUE(edited.ok()) << edited.error().message;
  }
  void EditJob(const std::string& name, const std::string& spec) {
    Edit(JobPath(name), R"({"spec":)" + spec + "}");
  }
  // The kubelet's word about every pod of the job that is not terminal.
  void SetPods(const std::string& job, const std::string& status) {
    for (const std::string& pod : PodsOf(job)) {
      const api::Pod now = Read<api::Pod>(kPodPath + pod);
      if (!now.terminal()) Edit(kPodPath + pod + "/status", R"({"status":)" + status + "}");
    }
  }
  void RunPods(const std::string& job) { SetPods(job, kRunning); }
  void RemovePods(const std::string& job) {
    for (const std::string& pod : PodsOf(job)) RemoveObject(kPodPath + pod);
  }

  // What the loop does once with what changed; nothing is listed and no answer comes in.
  void Turn() { Turn(state_.TakeDirty()); }
  void Turn(const state::Dirty& dirty) {
    for (const std::string& key : dirty.jobs) jobs_.Reconcile(key);
    const std::int64_t wait = scheduler_.Cycle();
    if (wait < 1 || wait > 500) return;
    clock_.Advance(wait);  // a cycle that follows a long one waits for its turn
    scheduler_.Cycle();
  }
  void Settle() {
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      Turn(dirty);
      Turn();  // what the cycle decided
    });
  }
  // As Settle, `seconds` from now.
  void After(std::int64_t seconds) {
    clock_.Advance(seconds * 1000);
    Settle();
  }
  void SeeJob(const std::string& name) { state_.Upsert(Read<api::Job>(JobPath(name))); }
  void SeePod(const std::string& name) { state_.Upsert(Read<api::Pod>(kPodPath + name)); }

  static std::string JobPath(const std::string& name) {
    return "/apis/scheduler.io/v1/namespaces/team/jobs/" + name;
  }
  api::JobStatus Status(const std::string& job) { return Read<api::Job>(JobPath(job)).status; }
  state::JobEntry& Entry(const std::string& job) { return *state_.FindJob("team/" + job); }
  // Names of its pods on the server, in order.
  std::vector<std::string> PodsOf(const std::string& job) {
    const auto body = other_.Do({.path = kube::CollectionPath(kube::kPods, "team")});
    std::vector<std::string> names;
    for (const api::Pod& pod : api::DecodeList<api::Pod>(*body)) {
      if (pod.meta.name.starts_with(job + "-")) names.push_back(pod.meta.name);
    }
    return names;
  }
  // GPUs that the World thinks free on a node.
  std::int64_t FreeGpus(const std::string& node) {
    const auto free = state_.world().FreeOn(node);
    return free ? state::AmountOf(*free, "nvidia.com/gpu") : -1;
  }

  static constexpr char kPodPath[] = "/api/v1/namespaces/team/pods/";
  static constexpr char kRunning[] =
      R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})";

  JobReconciler jobs_{state_, actuator_, Wake()};
  SchedulerLoop scheduler_{state_, actuator_, sched::Policy{}};

 private:
  kube::Client other_{api_.transport(), clock_, {}};
};

}  // namespace muster::op::testing
