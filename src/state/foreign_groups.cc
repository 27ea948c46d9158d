#include "muster/state/foreign_groups.h"

#include <algorithm>

#include "muster/base/text.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

std::optional<std::int64_t> IntLabel(const api::Pod& pod, const char* name) {
  for (const auto* source : {&pod.meta.labels, &pod.meta.annotations}) {
    if (const auto it = source->find(name); it != source->end()) {
      if (const auto value = base::ParseInt(it->second.str()); value && *value > 0) return value;
    }
  }
  return std::nullopt;
}

}  // namespace

bool ForeignGroups::IsForeign(const api::Pod& pod) {
  if (pod.scheduler_name != api::kSchedulerName) return false;
  return OwnerJobUid(pod).empty();
}

std::string ForeignGroups::GroupKey(const api::Pod& pod) {
  const auto label = pod.meta.labels.find(api::kLabelPodGroup);
  if (label != pod.meta.labels.end() && !label->second.empty()) {
    return pod.meta.ns + "/" + label->second;
  }
  return pod.meta.ns + "/pod:" + pod.meta.name;
}

std::int32_t ForeignGroups::MinimumOf(const api::Pod& pod) {
  if (!pod.meta.labels.contains(api::kLabelPodGroup)) return 1;
  const std::int64_t asked = IntLabel(pod, api::kLabelPodGroupMin).value_or(1);
  return static_cast<std::int32_t>(std::min<std::int64_t>(asked, 100'000));
}

ForeignGroup& ForeignGroups::Open(const api::Pod& pod, std::int64_t default_timeout) {
  const std::string key = GroupKey(pod);
  ForeignGroup& group = groups_[key];
  if (!group.key.empty()) return group;
  group.key = key;
  group.ns = pod.meta.ns;
  group.name = key.substr(key.find('/') + 1);
  group.timeout_ms = default_timeout;
  return group;
}

ForeignGroup& ForeignGroups::Add(const api::Pod& pod, const std::string& pod_key,
                                 std::int64_t default_timeout) {
  ForeignGroup& group = Open(pod, default_timeout);
  group.done.erase(pod_key);
  group.pods.insert(pod_key);
  // Where pods of one group disagree, the last timeout holds.
  if (const auto seconds = IntLabel(pod, api::kLabelPodGroupTimeout)) {
    group.timeout_ms = std::min<std::int64_t>(*seconds, 86'400) * 1000;
  }
  return group;
}

void ForeignGroups::Finish(const api::Pod& pod, const std::string& pod_key,
                           std::int64_t default_timeout) {
  if (pod.phase != api::PodPhase::kSucceeded) {
    Remove(pod, pod_key);
    return;
  }
  ForeignGroup& group = Open(pod, default_timeout);
  group.pods.erase(pod_key);
  group.tell_at.erase(pod_key);
  group.deletes.erase(pod.meta.uid);
  group.done.insert(pod_key);
}

void ForeignGroups::Remove(const api::Pod& pod, const std::string& pod_key) {
  const auto it = groups_.find(GroupKey(pod));
  if (it == groups_.end()) return;
  it->second.pods.erase(pod_key);
  it->second.done.erase(pod_key);
  it->second.tell_at.erase(pod_key);
  it->second.deletes.erase(pod.meta.uid);
  if (it->second.pods.empty() && it->second.done.empty()) groups_.erase(it);
}

ForeignGroup* ForeignGroups::Find(std::string key) {
  if (key.ends_with('+')) key.pop_back();
  const auto it = groups_.find(key);
  return it == groups_.end() ? nullptr : &it->second;
}

}  // namespace muster::state
