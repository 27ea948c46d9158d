// Merge patches (RFC 7386) of status subresources.
#include "api/write_json.h"
#include "muster/api/render.h"
#include "muster/base/text.h"
#include "muster/base/time_text.h"

namespace muster::api {
namespace {

// What turns `before` into `after`; null where a member goes away.  Lists are replaced whole.
Json Diff(const Json& before, const Json& after) {
  Json patch = Json::object();
  for (const auto& [key, value] : after.items()) {
    const auto old = before.find(key);
    if (old == before.end()) {
      patch[key] = value;
    } else if (value.is_object() && old->is_object()) {
      Json inner = Diff(*old, value);
      if (!inner.empty()) patch[key] = std::move(inner);
    } else if (*old != value) {
      patch[key] = value;
    }
  }
  for (const auto& [key, value] : before.items()) {
    if (!after.contains(key)) patch[key] = nullptr;
  }
  return patch;
}

// A condition that says what it said keeps the time at which it began to.
template <class S>
S KeepTransitions(const S& before, S after) {
  for (Condition& now : after.conditions) {
    for (const Condition& old : before.conditions) {
      if (old.type == now.type && old.status == now.status) {
        now.last_transition = old.last_transition;
      }
    }
  }
  return after;
}

template <class S>
std::string Patch(const Meta& meta, const S& before, const S& after) {
  // Nothing was ever written: zeros are news too.
  const bool first = before.observed_generation == 0 && before.epoch == 0;
  Json status = Diff(first ? Json::object() : StatusToJson(before),
                     StatusToJson(KeepTransitions(before, after)));
  // The writer's number alone is no change.
  if (status.empty() || (status.size() == 1 && status.contains("epoch"))) return {};
  const Json patch = {{"metadata", {{"resourceVersion", meta.resource_version}}},
                      {"status", std::move(status)}};
  return ToText(patch);
}

}  // namespace

std::string JobStatusPatch(const Job& before, const JobStatus& after) {
  return Patch(before.meta, before.status, after);
}

std::string TenantStatusPatch(const Tenant& before, const TenantStatus& after) {
  return Patch(before.meta, before.status, after);
}

std::string QuotaStatusPatch(const ResourceQuota& before, const ResourceQuotaStatus& after) {
  return Patch(before.meta, before.status, after);
}

std::string WorkflowStatusPatch(const Workflow& before, const WorkflowStatus& after) {
  return Patch(before.meta, before.status, after);
}

std::string PodUnschedulablePatch(const Pod& pod, const std::string& message, base::TimePoint now) {
  const std::string text = base::CutText(message, 1'024);
  if (pod.scheduled_condition_false && pod.scheduled_message == text) return {};
  const bool known = pod.scheduled_condition_false && pod.scheduled_false_since.unix_ms != 0;
  // A merge patch replaces the list.  A pod that no kubelet has seen has no other conditions.
  const Json condition = {
      {"type", "PodScheduled"},
      {"status", "False"},
      {"reason", "Unschedulable"},
      {"message", text},
      {"lastTransitionTime", base::FormatTime(known ? pod.scheduled_false_since : now)}};
  const Json patch = {{"metadata", {{"resourceVersion", pod.meta.resource_version}}},
                      {"status", {{"conditions", Json::array({condition})}}}};
  return ToText(patch);
}

}  // namespace muster::api
