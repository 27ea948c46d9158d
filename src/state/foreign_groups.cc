#include "muster/state/foreign_groups.h"

#include <algorithm>

#include "muster/base/text.h"

namespace muster::state {
namespace {

std::optional<std::int64_t> IntLabel(const api::Pod& pod, const char* name) {
  for (const auto* source : {&pod.meta.labels, &pod.meta.annotations}) {
    if (const auto it = source->find(name); it != source->end()) {
      if (const auto value = base::ParseInt(it->second); value && *value > 0) return value;
    }
  }
  return std::nullopt;
}

}  // namespace

bool ForeignGroups::IsForeign(const api::Pod& pod) {
  if (pod.scheduler_name != api::kSchedulerName) return false;
  return std::none_of(pod.meta.owners.begin(), pod.meta.owners.end(), [&](const auto& owner) {
    return owner.controller && owner.kind == "Job" && pod.meta.labels.contains(api::kLabelFenced);
  });
}

std::string ForeignGroups::GroupKey(const api::Pod& pod) {
  const auto label = pod.meta.labels.find(api::kLabelPodGroup);
  if (label != pod.meta.labels.end() && !label->second.empty()) {
    return pod.meta.ns + "/" + label->second;
  }
  return pod.meta.ns + "/pod:" + pod.meta.name;
}

ForeignGroup& ForeignGroups::Add(const api::Pod& pod, const std::string& pod_key,
                                 std::int64_t default_timeout) {
  const std::string key = GroupKey(pod);
  ForeignGroup& group = groups_[key];
  group.key = key;
  group.ns = pod.meta.ns;
  group.name = key.substr(key.find('/') + 1);
  group.timeout_ms = default_timeout;
  if (const auto min = IntLabel(pod, api::kLabelPodGroupMin)) {
    group.min_member = static_cast<std::int32_t>(std::min<std::int64_t>(*min, 100'000));
  }
  if (const auto seconds = IntLabel(pod, api::kLabelPodGroupTimeout)) {
    group.timeout_ms = std::min<std::int64_t>(*seconds, 86'400) * 1000;
  }
  group.pods.insert(pod_key);
  return group;
}

void ForeignGroups::Remove(const api::Pod& pod, const std::string& pod_key) {
  const auto it = groups_.find(GroupKey(pod));
  if (it == groups_.end()) return;
  it->second.pods.erase(pod_key);
  it->second.binding.erase(pod_key);
  it->second.refused.erase(pod_key);
  if (it->second.pods.empty()) groups_.erase(it);
}

ForeignGroup* ForeignGroups::Find(const std::string& key) {
  const auto it = groups_.find(key);
  return it == groups_.end() ? nullptr : &it->second;
}

}  // namespace muster::state
