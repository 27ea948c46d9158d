// The few words of the core: amounts, shapes, nodes, gangs.  Strings cross the border once, on the
// way in; inside, names are interned and rows are used, but ids never decide anything.
//
// Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/clock.h"
#include "muster/base/strong_id.h"

namespace muster::sched {

using Row = base::StrongId<struct RowTag>;        // a node's index in the World's columns
using GangId = base::StrongId<struct GangTag>;    // a gang's index in the World
using ShapeId = base::StrongId<struct ShapeTag>;  // a class: everything filters see of a task
using ResourceId = base::StrongId<struct ResourceTag>;

// Resource name -> amount, sorted by name, no zero entries.  "cpu" in thousandths of a core,
// "memory" and "ephemeral-storage" in MiB, devices and "pods" in whole units.  0 <= amount < 2^62.
using Amounts = std::vector<std::pair<std::string, std::int64_t>>;

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // NoSchedule, NoExecute (PreferNoSchedule is not a filter)
  friend auto operator<=>(const Taint&, const Taint&) = default;
};

struct Toleration {
  std::string key;  // empty: every key (only with exists)
  std::string value;
  std::string effect;   // empty: every effect
  bool exists = false;  // else the value must be equal
  friend auto operator<=>(const Toleration&, const Toleration&) = default;
};

enum class SelectOp { kIn, kNotIn, kExists, kDoesNotExist, kGt, kLt };

// A requirement on a node label, or on the node's name where `name` is true.
struct Requirement {
  std::string key;
  SelectOp op = SelectOp::kIn;
  std::vector<std::string> values;
  bool name = false;
  friend auto operator<=>(const Requirement&, const Requirement&) = default;
};

// All requirements of any of these; without terms there is no constraint.
using Terms = std::vector<std::vector<Requirement>>;

struct Port {
  std::int32_t port = 0;
  std::string protocol;
  std::string ip;  // empty: all
  friend auto operator<=>(const Port&, const Port&) = default;
};

// Everything about one replica that the filters can see; equal shapes are one class.
struct Shape {
  Amounts request;
  std::vector<Requirement> selector;  // all of them (node selector)
  Terms required;                     // node affinity
  std::vector<Terms> volumes;         // node affinity of each bound volume: all of them
  std::vector<Toleration> tolerations;
  std::vector<Port> ports;
  std::string gpu_model;  // wanted device model (node label of the Policy); empty: any
  friend auto operator<=>(const Shape&, const Shape&) = default;
};

// What a pod is to other pods by required pod affinity and anti-affinity, and by topology spread
// constraints.  A set stands for the pods that a term is about, whatever its selector and
// namespaces are: equal names mean the same pods. The first line of a name is what people are
// shown.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
// https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
enum class TieKind {
  kIsIn,     // the pod is in the set
  kAvoids,   // anti-affinity: no other pod of the set in its domain
  kJoins,    // affinity: a pod of the set in its domain, which may be itself.  Of several terms the
             // set has the pods that match all: one tie for each topology
  kSpreads,  // with it, its domain has at most max_skew more pods of the set than the domain with
             // the fewest
};

struct Tie {
  TieKind kind = TieKind::kIsIn;
  std::string set;
  std::string topology;  // node label whose values are the domains; empty with kIsIn
  // With kSpreads alone:
  std::int32_t max_skew = 0;     // >= 1
  std::int32_t min_domains = 0;  // while there are fewer, the fewest is 0
  friend auto operator<=>(const Tie&, const Tie&) = default;
};

using Ties = std::vector<Tie>;  // sorted, without repetitions

struct Node {
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
  bool ready = false;
  bool cordoned = false;
  Amounts allocatable;
  friend bool operator==(const Node&, const Node&) = default;
};

struct Tenant {
  std::string name;
  std::string parent;  // empty: the cluster.  Flat today; the algebra already follows it
  Amounts guaranteed;  // absent resource: 0
  Amounts hard;        // absent: unlimited, and a zero entry allows nothing (here and below)
  Amounts borrow_limit;
  Amounts lending_limit;
  std::int64_t weight_milli = 1'000;      // 0 sorts last
  std::int32_t max_running_gangs = 0;     // 0: unlimited
  std::int64_t max_devices_per_gang = 0;  // of the Policy's device resource; 0: unlimited
  friend bool operator==(const Tenant&, const Tenant&) = default;
};

// One more ceiling: the hard limits of a namespace, in request terms ("cpu" is requests.cpu) and,
// with the prefix "limits.", in limit terms; those are checked against GangTask::limits and are in
// the amounts of Occupants too, where nothing but a NamespaceQuota looks at them.
struct NamespaceQuota {
  std::string ns;
  Amounts hard;
  friend bool operator==(const NamespaceQuota&, const NamespaceQuota&) = default;
};

enum class GangState {
  kPending,    // wants (more of) its replicas placed
  kRunning,    // committed or running: what it holds are Occupants
  kReleasing,  // being evicted or rolled back: still holds its Occupants
};

enum class VictimPolicy { kReclaim, kLowerPriority, kAny };

struct GangTask {
  std::string name;
  ShapeId shape;
  std::int32_t replicas = 0;  // still to be placed
  Amounts limits;             // "limits.cpu" … of one replica, for NamespaceQuota
  Ties ties = {};             // of each replica
  friend bool operator==(const GangTask&, const GangTask&) = default;
};

// A PodDisruptionBudget that covers pods of gangs.  Of those that may be evicted, the ones whose
// budgets allow it go first; nobody is spared for a budget, as with kube-scheduler:
// https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
struct Budget {
  std::string name;          // "namespace/name"
  std::int32_t allowed = 0;  // status.disruptionsAllowed: pods that may go now, >= 0
  friend bool operator==(const Budget&, const Budget&) = default;
};

struct BudgetShare {
  std::string budget;     // its name; one that the World does not know forbids nothing
  std::int32_t pods = 0;  // of the gang that it covers, > 0
  friend bool operator==(const BudgetShare&, const BudgetShare&) = default;
};

// One attempt of a job, or a group of foreign pods.
struct Gang {
  std::string uid;   // unique; breaks ties
  std::string name;  // "namespace/name", for texts
  std::string ns;
  std::string tenant;
  std::string user;
  // Uid of a running gang that this one adds replicas to; empty: none.  It never evicts, counts as
  // no gang of its own, and the limit of devices a gang holds for both together.
  std::string more_of;
  GangState state = GangState::kPending;
  std::vector<GangTask> tasks;
  std::int32_t min_replicas = 0;  // least of the tasks' replicas, in all, that one start must place
  std::int32_t priority = 500;    // base priority; scavenger is <= 100
  base::TimePoint submit;         // creation of the job
  base::TimePoint pending_since;  // aging counts waited_ms + (now - pending_since)
  std::int64_t waited_ms = 0;
  base::TimePoint deadline;   // 0: none
  bool finish_first = false;  // a foreign group of which some pods are bound already
  std::int64_t bound_ms = 0;  // the longest that a start of it runs; 0: no bound
  // Of a running gang:
  bool borrowing = false;           // B of scheduling.md section 6
  base::TimePoint started;          // commit time
  base::TimePoint protected_until;  // min-runtime
  base::TimePoint bound_end;        // start + maxRuntimeSeconds; 0: none
  std::int32_t preemptions = 0;
  std::int32_t max_preemptions = 5;
  std::int64_t grace_ms = 30'000;
  VictimPolicy victim_policy = VictimPolicy::kLowerPriority;
  // Whether gangs of its tenant and priority that have had less service may evict it
  // (src/sched/policies/attained.h), and what it has had before this attempt, in device-ms, >= 0.
  bool least_attained = false;
  std::int64_t attained_ms = 0;
  bool evictable = true;             // false: foreign pods of other schedulers and the like
  std::string beneficiary;           // of a releasing gang: uid of the gang it makes room for
  std::vector<BudgetShare> budgets;  // that cover pods of it on nodes, by name
  friend bool operator==(const Gang&, const Gang&) = default;
};

// Something that takes room: replicas of a gang on a node, or pods of nobody's gang.
struct Occupant {
  std::string key;     // unique, chosen by the caller
  std::string node;    // may be unknown: then only the quotas feel it
  std::string gang;    // uid; empty: none
  std::string tenant;  // empty: counts for no tenant and reduces C (scheduling.md section 2)
  std::string ns;
  Amounts amounts;  // in total
  std::vector<Port> ports;
  Ties ties = {};  // of each of its pods; kJoins and kSpreads are of no interest any more
  friend bool operator==(const Occupant&, const Occupant&) = default;
};

// Pods of one task on one node.
struct KeptPods {
  std::string node;
  std::int32_t task = 0;   // index into Gang::tasks
  std::int32_t count = 0;  // > 0
  friend bool operator==(const KeptPods&, const KeptPods&) = default;
};

// A place kept for one gang: freed by evictions, from now until it starts or the deadline passes;
// or a slot, from a time to come until it starts.
struct Reservation {
  std::string gang;  // uid of the beneficiary
  std::vector<std::pair<std::string, Amounts>> nodes;
  base::TimePoint until;      // 0: no deadline (a slot)
  base::TimePoint from = {};  // 0: now; else a slot (src/sched/policies/slot_book.h)
  // How the gang fits there; not for ever true, because gangs are edited.
  std::vector<KeptPods> pods = {};
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

}  // namespace muster::sched
