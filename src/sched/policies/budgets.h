// PodDisruptionBudgets in the choice of victims, as kube-scheduler has them: those whose budgets
// allow it go first, before every other criterion, and where only others make room, they go too.
//   violations of a set = sum over budgets of max(0, pods of the set it covers - pods it allows)
// A set is filled greedily in the order of cost, not searched for the least sum, as there.
// Source: muster/sched/types.h; kubernetes/kubernetes, pickOneNodeForPreemption and
//   filterPodsWithPDBViolation of pkg/scheduler/framework.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sched/model/world_state.h"

namespace muster::sched {

class Budgets {
 public:
  explicit Budgets(const WorldState& state) : state_(&state) {}

  // Pods of the gang beyond what its budgets still allow.
  std::int64_t Violations(const Gang& gang) const;
  // The budgets that allow less than the gang's pods, by name.
  std::vector<std::string> BrokenBy(const Gang& gang) const;
  // The gang goes: its budgets allow that much less.
  void Spend(const Gang& gang);

 private:
  std::int64_t Beyond(const BudgetShare& share) const;

  const WorldState* state_;
  std::map<std::string, std::int64_t, std::less<>> spent_;  // pods, by budget
};

}  // namespace muster::sched
