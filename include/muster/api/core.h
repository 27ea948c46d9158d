// The Kubernetes types that Muster reads: Node, Pod, Namespace, LimitRange, PodDisruptionBudget and
// the few it writes for a Tenant.  Only the fields it uses.
//
// Plain values; `invalid` is explained in codec.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/api/meta.h"

namespace muster::api {

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // NoSchedule, PreferNoSchedule, NoExecute
};

struct Node {
  Meta meta;
  std::string invalid;
  bool unschedulable = false;  // spec.unschedulable: cordoned
  bool ready = false;          // condition Ready is True
  // Since when it is not, by that condition's lastTransitionTime; 0: it is, or nobody has said.
  base::TimePoint not_ready_since;
  std::vector<Taint> taints;
  ResourceList allocatable;
};

struct Toleration {
  SharedText key;  // empty with Exists: every taint
  SharedText op;   // Equal (also when absent), Exists
  SharedText value;
  SharedText effect;  // empty: every effect
};

// One requirement of a node selector term.  Operators: In NotIn Exists DoesNotExist Gt Lt.
struct NodeRequirement {
  std::string key;
  std::string op;
  std::vector<std::string> values;
  bool field = false;  // matchFields (metadata.name) instead of a label
  friend bool operator==(const NodeRequirement&, const NodeRequirement&) = default;
};

// All requirements must hold.
using NodeSelectorTerm = std::vector<NodeRequirement>;

struct HostPort {
  std::int32_t port = 0;
  std::string protocol;  // TCP, UDP, SCTP
  std::string host_ip;   // empty: all addresses
};

// A volume of a pod that is a PersistentVolumeClaim.
struct ClaimUse {
  std::string field;  // "spec.volumes[1].persistentVolumeClaim"
  std::string name;   // of the claim, in the pod's namespace
};

// One requirement of a label selector.  Operators: In NotIn Exists DoesNotExist.
struct LabelRequirement {
  std::string key;
  std::string op;
  std::vector<std::string> values;
  friend bool operator==(const LabelRequirement&, const LabelRequirement&) = default;
};

// metav1.LabelSelector, matchLabels as In: all requirements must hold.
using LabelSelector = std::vector<LabelRequirement>;

// A term of required pod affinity or anti-affinity: which pods, and in which domains.
struct PodTerm {
  std::string topology_key;               // node label
  std::optional<LabelSelector> selector;  // null: no pod; empty: all
  // Both absent: the namespace of the pod that has the term.
  std::vector<std::string> namespaces;
  std::optional<LabelSelector> namespace_selector;  // empty: all namespaces
  // matchLabelKeys and mismatchLabelKeys: the API server has put what the pod's own labels say of
  // them into the selector.
  std::vector<std::string> own_keys;
};

// A topology spread constraint with whenUnsatisfiable DoNotSchedule.
struct PodSpread {
  PodTerm term;  // of the pod's own namespace.  API servers before 1.34 leave it to the scheduler
                 // to put what the pod's own labels say into the selector
  std::int32_t max_skew = 1;
  std::int32_t min_domains = 0;  // 0: none
};

struct PodTerms {
  std::vector<PodTerm> affinity;
  std::vector<PodTerm> anti_affinity;
  std::vector<PodSpread> spreads;
};

// Everything about a pod that decides where it may run, and how much it takes.
struct PodNeeds {
  ResourceList requests;  // effective: scheduling.md section 1
  ResourceList limits;    // sum over containers, for namespace quotas
  std::map<std::string, std::string> node_selector;
  std::vector<NodeSelectorTerm> required_terms;  // any of them; empty: no constraint
  std::vector<Toleration> tolerations;
  std::vector<HostPort> host_ports;
  std::shared_ptr<const PodTerms> terms;  // null: none, as almost all pods have it
  // The first field that Muster cannot honour (resource claims, …); empty: none.
  SharedText unsupported;
  std::vector<ClaimUse> claims;  // what they mean for it depends on more than the pod: storage.h
};

enum class PodPhase { kPending, kRunning, kSucceeded, kFailed, kUnknown };

struct Pod {
  Meta meta;
  std::string invalid;
  SharedText node_name;            // empty: not bound
  SharedText scheduler_name;       // spec.schedulerName
  std::vector<std::string> gates;  // spec.schedulingGates
  std::int32_t priority = 0;
  std::int64_t grace_seconds = 30;
  PodNeeds needs;
  PodPhase phase = PodPhase::kPending;
  SharedText reason;               // status.reason, e.g. OutOfnvidia.com/gpu, Evicted
  SharedText message;              // status.message
  bool ready = false;              // condition Ready is True
  bool disruption_target = false;  // condition DisruptionTarget is True
  SharedText waiting_reason;       // the first container that waits: ImagePullBackOff …
  SharedText waiting_message;
  std::int32_t exit_code = 0;  // of the first container that failed; 0: none
  std::int32_t signal = 0;
  SharedText terminated_reason;            // OOMKilled, Error …
  base::TimePoint started;                 // status.startTime
  base::TimePoint finished;                // latest container finishedAt
  bool scheduled_condition_false = false;  // PodScheduled=False is already there
  SharedText scheduled_message;
  base::TimePoint scheduled_false_since;

  bool terminal() const { return phase == PodPhase::kSucceeded || phase == PodPhase::kFailed; }
};

struct Namespace {
  Meta meta;
  std::string invalid;
  bool terminating = false;
};

// Only that it changed matters: templates of its namespace are dry-run again.
struct LimitRange {
  Meta meta;
  std::string invalid;
};

struct PodDisruptionBudget {
  Meta meta;
  std::string invalid;
  std::optional<LabelSelector> selector;  // null selects no pod, an empty one all of the namespace
  std::int32_t disruptions_allowed = 0;   // status.disruptionsAllowed; >= 0
};

}  // namespace muster::api
