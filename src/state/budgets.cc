#include "muster/state/budgets.h"

#include <algorithm>
#include <utility>

namespace muster::state {
namespace {

// Whether it would be disrupted by an eviction now.
bool Lives(const PodEntry& entry) {
  const api::Pod& pod = entry.pod;
  return !pod.node_name.empty() && !pod.terminal() && pod.meta.deletion.unix_ms == 0;
}

}  // namespace

bool Covers(const api::PodDisruptionBudget& budget, const api::Labels& labels) {
  return budget.invalid.empty() && budget.selector &&
         std::all_of(budget.selector->begin(), budget.selector->end(),
                     [&](const api::LabelRequirement& wanted) { return Fits(wanted, labels); });
}

std::vector<sched::BudgetShare> SharesOfBudgets(const ClusterState& state, const std::string& ns,
                                                const std::set<std::string>& pods) {
  std::vector<sched::BudgetShare> shares;
  const std::string prefix = ns + "/";
  const auto& budgets = state.budgets();
  for (auto it = budgets.lower_bound(prefix); it != budgets.end() && it->first.starts_with(prefix);
       ++it) {
    std::int32_t covered = 0;
    for (const std::string& key : pods) {
      const auto pod = state.pods().find(key);
      if (pod == state.pods().end() || !Lives(pod->second)) continue;
      covered += Covers(it->second, pod->second.pod.meta.labels) ? 1 : 0;
    }
    if (covered > 0) shares.push_back({it->first, covered});
  }
  return shares;
}

// ---- The objects ----

// Those with a placement, and all groups, are described to the World anew.
void ClusterState::MarkGangsIn(const std::string& ns) {
  const std::string prefix = ns + "/";
  for (auto it = jobs_.lower_bound(prefix); it != jobs_.end() && it->first.starts_with(prefix);
       ++it) {
    if (it->second.placement) dirty_.jobs.insert(it->first);
  }
  auto& groups = groups_.all();
  for (auto it = groups.lower_bound(prefix); it != groups.end() && it->first.starts_with(prefix);
       ++it) {
    dirty_.groups.insert(it->first);
  }
}

void ClusterState::Upsert(api::PodDisruptionBudget budget) {
  const std::string key = api::KeyOf(budget.meta);
  const auto it = budgets_.find(key);
  const bool reselected = it == budgets_.end() || it->second.selector != budget.selector ||
                          it->second.invalid != budget.invalid;
  if (reselected) MarkGangsIn(budget.meta.ns);
  world_.SetBudget({key, budget.disruptions_allowed});
  budgets_[key] = std::move(budget);
}

void ClusterState::Remove(const api::PodDisruptionBudget& budget) {
  const std::string key = api::KeyOf(budget.meta);
  if (budgets_.erase(key) == 0) return;
  world_.RemoveBudget(key);
  MarkGangsIn(budget.meta.ns);
}

}  // namespace muster::state
