// What every Kubernetes object has, and small types that several kinds share.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/
//
// Plain values; no behaviour.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "muster/base/clock.h"
#include "muster/base/shared_text.h"

namespace muster::api {

using base::SharedText;

// Labels, or annotations.
using Labels = boost::container::flat_map<SharedText, SharedText, base::TextLess>;

struct OwnerReference {
  SharedText kind;
  SharedText name;
  SharedText uid;
  bool controller = false;
  SharedText api_version;
};

struct Meta {
  std::string ns;  // empty: cluster-scoped
  std::string name;
  std::string uid;
  std::string resource_version;  // opaque
  std::int64_t generation = 0;
  base::TimePoint created;
  base::TimePoint deletion;  // deletionTimestamp; 0: not being deleted
  Labels labels;
  Labels annotations;  // only those that begin with scheduler.io/
  std::vector<OwnerReference> owners;
};

// "namespace/name", or "name" for cluster-scoped objects.
inline std::string KeyOf(const Meta& meta) {
  return meta.ns.empty() ? meta.name : meta.ns + "/" + meta.name;
}

// The owner that controls the object; null: there is none.
inline const OwnerReference* ControllerOf(const Meta& meta) {
  for (const OwnerReference& owner : meta.owners) {
    if (owner.controller) return &owner;
  }
  return nullptr;
}

// Resource name -> amount.  "cpu" (also requests.cpu, limits.cpu) in thousandths of a core; every
// other in whole units: bytes, devices, pods.  Absent means zero in a request and unlimited in a
// limit.
using ResourceList = boost::container::flat_map<std::string, std::int64_t>;

// metav1.Condition.
struct Condition {
  SharedText type;
  SharedText status;  // True, False, Unknown
  SharedText reason;
  SharedText message;
  base::TimePoint last_transition;
  std::int64_t observed_generation = 0;

  friend bool operator==(const Condition&, const Condition&) = default;
};

// Labels and annotations of ours (docs/reference/labels.md).
inline constexpr char kLabelJob[] = "scheduler.io/job";
inline constexpr char kLabelTask[] = "scheduler.io/task";
inline constexpr char kLabelIndex[] = "scheduler.io/index";
inline constexpr char kLabelAttempt[] = "scheduler.io/attempt";
inline constexpr char kLabelTenant[] = "scheduler.io/tenant";
inline constexpr char kLabelFenced[] = "scheduler.io/fenced";
inline constexpr char kLabelManaged[] = "scheduler.io/managed";
inline constexpr char kLabelWorkflow[] = "scheduler.io/workflow";
inline constexpr char kLabelPodGroup[] = "scheduler.io/pod-group";
inline constexpr char kLabelPodGroupMin[] = "scheduler.io/pod-group-min";
inline constexpr char kLabelPodGroupTimeout[] = "scheduler.io/pod-group-timeout";
inline constexpr char kAnnotationEpoch[] = "scheduler.io/epoch";
// On a foreign pod: its group was borrowing when it was bound.
inline constexpr char kAnnotationBorrowing[] = "scheduler.io/borrowing";
inline constexpr char kAnnotationUser[] = "scheduler.io/user";
inline constexpr char kSchedulerName[] = "muster";

}  // namespace muster::api
