// The one way to take in a whole LIST: what is known and not listed goes, the rest is upserted.
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

// What is known of a kind, by key.
const auto& Known(const ClusterState& state, const api::Node*) { return state.nodes(); }
const auto& Known(const ClusterState& state, const api::Namespace*) { return state.namespaces(); }
const auto& Known(const ClusterState& state, const api::LimitRange*) {
  return state.limit_ranges();
}
const auto& Known(const ClusterState& state, const api::PersistentVolumeClaim*) {
  return state.volumes().claims();
}
const auto& Known(const ClusterState& state, const api::PersistentVolume*) {
  return state.volumes().volumes();
}
const auto& Known(const ClusterState& state, const api::StorageClass*) {
  return state.volumes().classes();
}
const auto& Known(const ClusterState& state, const api::Tenant*) { return state.tenants(); }
const auto& Known(const ClusterState& state, const api::ResourceQuota*) { return state.quotas(); }
const auto& Known(const ClusterState& state, const api::PodDisruptionBudget*) {
  return state.budgets();
}
const auto& Known(const ClusterState& state, const api::Workflow*) { return state.workflows(); }
const auto& Known(const ClusterState& state, const api::Job*) { return state.jobs(); }
const auto& Known(const ClusterState& state, const api::Pod*) { return state.pods(); }

template <class T>
const T& ObjectOf(const T& object) {
  return object;
}
const api::Job& ObjectOf(const JobEntry& entry) { return entry.job; }
const api::Pod& ObjectOf(const PodEntry& entry) { return entry.pod; }

}  // namespace

template <class T>
std::vector<std::string> ClusterState::Replace(std::vector<T> all) {
  const auto name = [](const T& object) { return object.meta.uid + "/" + api::KeyOf(object.meta); };
  std::set<std::string> listed;
  for (const T& object : all) listed.insert(name(object));
  std::vector<T> gone;  // only those are copied
  for (const auto& [key, known] : Known(*this, static_cast<const T*>(nullptr))) {
    const T& object = ObjectOf(known);
    if (!listed.contains(name(object))) gone.push_back(object);
  }
  std::vector<std::string> troubles;
  const auto guarded = [&](const std::string& key, const auto& work) {
    try {
      work();
    } catch (const std::exception& error) {
      troubles.push_back(key + ": " + error.what());
    }
  };
  for (const T& object : gone) guarded(api::KeyOf(object.meta), [&] { Remove(object); });
  for (T& object : all) guarded(api::KeyOf(object.meta), [&] { Upsert(std::move(object)); });
  if constexpr (std::is_same_v<T, api::Job>) DoubtAwaited();
  return troubles;
}

// Jobs that were listed in another version than the one we wrote: before it, or after others wrote
// too.
void ClusterState::DoubtAwaited() {
  for (auto& [key, entry] : jobs_) {
    if (entry.ledger.awaited_version.empty()) continue;
    entry.ledger.doubted = true;
    dirty_.jobs.insert(key);
  }
}

template std::vector<std::string> ClusterState::Replace(std::vector<api::Node> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::Namespace> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::LimitRange> all);
template std::vector<std::string> ClusterState::Replace(
    std::vector<api::PersistentVolumeClaim> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::PersistentVolume> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::StorageClass> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::Tenant> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::ResourceQuota> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::PodDisruptionBudget> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::Workflow> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::Job> all);
template std::vector<std::string> ClusterState::Replace(std::vector<api::Pod> all);

}  // namespace muster::state
