// The names that fields have in a snapshot, each once: writing and reading both go through Visit.
//
// A field that is added to one of these structs is an error of the compiler here: give it a name.
// It is left out of the text while it has its default, so that older snapshots can still be read.
#pragma once

#include <concepts>
#include <type_traits>

#include "muster/sched/policy.h"
#include "muster/sched/types.h"

namespace muster::sched {

template <class T, class U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

template <class V>
void Visit(V& visit, Is<Taint> auto& of) {
  auto& [key, value, effect] = of;
  visit("key", key), visit("value", value), visit("effect", effect);
}

template <class V>
void Visit(V& visit, Is<Toleration> auto& of) {
  auto& [key, value, effect, exists] = of;
  visit("key", key), visit("value", value), visit("effect", effect), visit("exists", exists);
}

template <class V>
void Visit(V& visit, Is<Requirement> auto& of) {
  auto& [key, op, values, name] = of;
  visit("key", key), visit("op", op), visit("values", values), visit("name", name);
}

template <class V>
void Visit(V& visit, Is<Port> auto& of) {
  auto& [port, protocol, ip] = of;
  visit("port", port), visit("protocol", protocol), visit("ip", ip);
}

template <class V>
void Visit(V& visit, Is<Shape> auto& of) {
  auto& [request, selector, required, volumes, tolerations, ports, gpu_model] = of;
  visit("request", request), visit("selector", selector), visit("required", required);
  visit("volumes", volumes), visit("tolerations", tolerations), visit("ports", ports);
  visit("model", gpu_model);
}

template <class V>
void Visit(V& visit, Is<Tie> auto& of) {
  auto& [kind, set, topology, max_skew, min_domains] = of;
  visit("kind", kind), visit("set", set), visit("topology", topology);
  visit("skew", max_skew), visit("domains", min_domains);
}

template <class V>
void Visit(V& visit, Is<Node> auto& of) {
  auto& [name, labels, taints, ready, cordoned, allocatable] = of;
  visit("name", name), visit("labels", labels), visit("taints", taints), visit("ready", ready);
  visit("cordoned", cordoned), visit("allocatable", allocatable);
}

template <class V>
void Visit(V& visit, Is<Tenant> auto& of) {
  auto& [name, parent, guaranteed, hard, borrow, lending, weight, gangs, devices] = of;
  visit("name", name), visit("parent", parent), visit("guaranteed", guaranteed);
  visit("hard", hard), visit("borrow", borrow), visit("lending", lending);
  visit("weight", weight), visit("gangs", gangs), visit("devices", devices);
}

template <class V>
void Visit(V& visit, Is<NamespaceQuota> auto& of) {
  auto& [ns, hard] = of;
  visit("namespace", ns), visit("hard", hard);
}

template <class V>
void Visit(V& visit, Is<Budget> auto& of) {
  auto& [name, allowed] = of;
  visit("name", name), visit("allowed", allowed);
}

template <class V>
void Visit(V& visit, Is<BudgetShare> auto& of) {
  auto& [budget, pods] = of;
  visit("budget", budget), visit("pods", pods);
}

template <class V>
void Visit(V& visit, Is<GangTask> auto& of) {
  auto& [name, shape, replicas, limits, ties] = of;
  visit("name", name), visit("shape", shape), visit("replicas", replicas);
  visit("limits", limits), visit("ties", ties);
}

template <class V>
void Visit(V& visit, Is<Gang> auto& of) {
  auto& [uid, name, ns, tenant, user, more_of, state, tasks, min_replicas, priority, submit,
         pending_since, waited, deadline, finish_first, bound, borrowing, started, protected_until,
         bound_end, preemptions, max_preemptions, grace, victim_policy, least_attained, attained,
         evictable, beneficiary, budgets] = of;
  visit("uid", uid), visit("name", name), visit("namespace", ns), visit("tenant", tenant);
  visit("user", user), visit("more_of", more_of), visit("state", state), visit("tasks", tasks);
  visit("min", min_replicas), visit("priority", priority), visit("submit", submit);
  visit("pending_since", pending_since), visit("waited", waited), visit("deadline", deadline);
  visit("finish_first", finish_first), visit("bound", bound), visit("borrowing", borrowing);
  visit("started", started), visit("protected_until", protected_until);
  visit("bound_end", bound_end), visit("preemptions", preemptions);
  visit("max_preemptions", max_preemptions), visit("grace", grace);
  visit("victim_policy", victim_policy), visit("least_attained", least_attained);
  visit("attained", attained), visit("evictable", evictable), visit("beneficiary", beneficiary);
  visit("budgets", budgets);
}

template <class V>
void Visit(V& visit, Is<Occupant> auto& of) {
  auto& [key, node, gang, tenant, ns, amounts, ports, ties] = of;
  visit("key", key), visit("node", node), visit("gang", gang), visit("tenant", tenant);
  visit("namespace", ns), visit("amounts", amounts), visit("ports", ports), visit("ties", ties);
}

template <class V>
void Visit(V& visit, Is<KeptPods> auto& of) {
  auto& [node, task, count] = of;
  visit("node", node), visit("task", task), visit("count", count);
}

template <class V>
void Visit(V& visit, Is<Reservation> auto& of) {
  auto& [gang, nodes, until, from, pods] = of;
  visit("gang", gang), visit("nodes", nodes), visit("until", until), visit("from", from);
  visit("pods", pods);
}

template <class V>
void Visit(V& visit, Is<ScoreWeight> auto& of) {
  auto& [plugin, weight] = of;
  visit("plugin", plugin), visit("weight", weight);
}

template <class V>
void Visit(V& visit, Is<Policy> auto& of) {
  auto& [device_resource, model_label, filters, scores, inner_order, aging_step, aging_interval,
         preemption, rules, max_evictions, slack, slots, work_limit] = of;
  visit("device_resource", device_resource), visit("model_label", model_label);
  visit("filters", filters), visit("scores", scores), visit("inner_order", inner_order);
  visit("aging_step", aging_step), visit("aging_interval", aging_interval);
  visit("preemption", preemption), visit("preemption_rules", rules);
  visit("max_evictions", max_evictions), visit("reservation_slack", slack);
  visit("slots", slots), visit("work_limit", work_limit);
}

// The last word of each enumeration.
inline TieKind LastOf(TieKind) { return TieKind::kSpreads; }
inline SelectOp LastOf(SelectOp) { return SelectOp::kLt; }
inline GangState LastOf(GangState) { return GangState::kReleasing; }
inline VictimPolicy LastOf(VictimPolicy) { return VictimPolicy::kAny; }
inline InnerOrder LastOf(InnerOrder) { return InnerOrder::kExpected; }
inline PreemptionRules LastOf(PreemptionRules) { return PreemptionRules::kNone; }

}  // namespace muster::sched
