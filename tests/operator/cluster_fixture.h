// A cluster for controllers: the fake API server, the client, the actuator and the ClusterState, on
// one thread, with a clock that the test moves.
//
// Threads: the test's.  Answers of the server are collected and run by Settle.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "muster/actuate/actuator.h"
#include "muster/kube/paths.h"
#include "muster/state/cluster_state.h"
#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::op::testing {

class ClusterFixture : public ::testing::Test {
 protected:
  ClusterFixture() {
    state_.SetBarrier(1);
    client_.SetWriteGate([this] {
      base::Lock lock(mutex_);
      return may_write_;
    });
  }

  // Somebody else's writes.
  void Put(const std::string& path, const std::string& json) { api_.Put(path, json); }
  void PutNamespace(const std::string& name) { Put("/api/v1/namespaces/" + name, "{}"); }
  void PutNode(const std::string& name, int gpus, const std::string& zone = "z") {
    Put("/api/v1/nodes/" + name,
        R"({"metadata":{"labels":{"zone":")" + zone +
            R"("}},"status":{"allocatable":{"cpu":"64","memory":"256Gi","pods":"110","nvidia.com/gpu":")" +
            std::to_string(gpus) + R"("},"conditions":[{"type":"Ready","status":"True"}]}})");
  }
  // A volume of the nodes with a label zone=`zone`, and a claim of namespace team that is bound to
  // it.
  void PutVolume(const std::string& name, const std::string& claim, const std::string& zone) {
    Put("/api/v1/persistentvolumes/" + name,
        R"({"spec":{"claimRef":{"namespace":"team","name":")" + claim +
            R"("},"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[)" +
            R"({"key":"zone","operator":"In","values":[")" + zone + R"("]}]}]}}}})");
  }
  void PutClaim(const std::string& name, const std::string& spec,
                const std::string& phase = "Pending") {
    Put("/api/v1/namespaces/team/persistentvolumeclaims/" + name,
        R"({"spec":)" + spec + R"(,"status":{"phase":")" + phase + R"("}})");
  }
  void PutBound(const std::string& claim, const std::string& zone) {
    PutVolume("pv-" + claim, claim, zone);
    PutClaim(claim, R"({"volumeName":"pv-)" + claim + R"("})", "Bound");
  }
  void PutClass(const std::string& name, const std::string& binding_mode) {
    Put("/apis/storage.k8s.io/v1/storageclasses/" + name,
        R"({"volumeBindingMode":")" + binding_mode + R"("})");
  }
  // A spec that is new each time: its generation grows.
  void PutOurs(const std::string& path, const std::string& spec) {
    const std::string version = std::to_string(++generation_);
    Put("/apis/scheduler.io/v1/" + path,
        R"({"metadata":{"generation":)" + version + R"(},"spec":)" + spec + "}");
  }
  void RemoveObject(const std::string& path) { api_.Remove(path); }

  // What the watches would have brought by now.
  void Sync() {
    List<api::Node>(kube::kNodes);
    List<api::Namespace>(kube::kNamespaces);
    List<api::Tenant>(kube::kTenants);
    List<api::ResourceQuota>(kube::kResourceQuotas);
    List<api::PodDisruptionBudget>(kube::kPodDisruptionBudgets);
    List<api::StorageClass>(kube::kStorageClasses);
    List<api::PersistentVolume>(kube::kPersistentVolumes);
    List<api::PersistentVolumeClaim>(kube::kPersistentVolumeClaims);
    List<api::Workflow>(kube::kWorkflows);
    List<api::Job>(kube::kJobs);
    List<api::Pod>(kube::kPods);
  }

  // Waits for the answers to everything that was sent and runs what they bring.
  void Answers() {
    while (true) {
      api_.Drain();
      const bool all_in = client_.outstanding() == 0;  // asked first: an answer posts, then counts
      std::vector<std::function<void()>> batch;
      {
        base::Lock lock(mutex_);
        batch.swap(posted_);
      }
      for (const auto& closure : batch) closure();
      if (batch.empty() && all_in) return;
      if (!batch.empty()) continue;
      const kube::ClientStats stats = client_.stats();
      if (stats.throttled > 0 && stats.in_flight == 0) clock_.Advance(100);  // it waits its 429 out
      std::this_thread::yield();
    }
  }

  // Watches, wake-ups that are due, controllers (`turn`, given what changed), answers: until no
  // write is made any more.
  void Settle(const std::function<void(const state::Dirty&)>& turn) {
    for (int round = 0; round < 50; ++round) {
      Sync();
      const std::size_t before = Writes().size();
      RunDueWakes();
      turn(state_.TakeDirty());
      Answers();
      if (Writes().size() == before) return;
    }
    FAIL() << "the controllers never come to rest";
  }

  // Verb and path of every write so far, in order, without queries.
  std::vector<std::string> Writes(const std::string& glob = "*") {
    std::vector<std::string> writes;
    for (const muster::testing::SeenRequest& seen : api_.Seen("", glob)) {
      if (seen.method == "GET" || seen.method == "WATCH") continue;
      writes.push_back(seen.method + " " + seen.target.substr(0, seen.target.find('?')));
    }
    return writes;
  }
  bool Exists(const std::string& path) { return api_.Get(path).has_value(); }
  template <class T>
  T Read(const std::string& path) {
    return api::Decode<T>(api_.Get(path).value_or("{}"));
  }

  // Waits until the server has answered everything that was sent; no answer is run.
  void Carried() {
    while (client_.outstanding() > 0) std::this_thread::yield();
  }

  // The write gate of the controllers' client.
  void LetWrite(bool may) {
    base::Lock lock(mutex_);
    may_write_ = may;
  }

  std::function<void(const std::string&, std::int64_t)> Wake() {
    return [this](const std::string& key, std::int64_t ms) {
      wakes_.emplace(clock_.BootMs() + ms, key);
    };
  }

  std::function<void(const std::string&)> on_wake_ = [](const std::string&) {};
  muster::testing::ManualClock clock_;
  muster::testing::FakeApiServer api_{clock_};
  state::ClusterState state_{{}, clock_};

 private:
  template <class T>
  void List(const kube::Resource& kind) {
    const auto body = reader_.Do({.path = kube::CollectionPath(kind)});
    ASSERT_TRUE(body.ok()) << body.error().message;
    EXPECT_TRUE(state_.Replace(api::DecodeList<T>(*body)).empty());
  }

  void RunDueWakes() {
    while (!wakes_.empty() && wakes_.begin()->first <= clock_.BootMs()) {
      const std::string key = wakes_.begin()->second;
      wakes_.erase(wakes_.begin());
      on_wake_(key);
    }
  }

  std::int64_t generation_ = 0;
  base::Mutex mutex_;
  bool may_write_ GUARDED_BY(mutex_) = true;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
  std::multimap<std::int64_t, std::string> wakes_;
  kube::Client reader_{api_.transport(), clock_, {}};
  kube::Client client_{api_.transport(), clock_, {}};

 protected:
  actuate::Actuator actuator_{client_, clock_, [this](std::function<void()> closure) {
                                base::Lock lock(mutex_);
                                posted_.push_back(std::move(closure));
                              }};
};

}  // namespace muster::op::testing
