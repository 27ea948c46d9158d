#include "sched/policies/budgets.h"

#include <algorithm>

namespace muster::sched {

std::int64_t Budgets::Beyond(const BudgetShare& share) const {
  const auto budget = state_->budgets.find(share.budget);
  if (budget == state_->budgets.end()) return 0;
  const auto spent = spent_.find(share.budget);
  const std::int64_t left =
      std::int64_t{budget->second} - (spent == spent_.end() ? 0 : spent->second);
  return std::max<std::int64_t>(0, share.pods - std::max<std::int64_t>(0, left));
}

std::int64_t Budgets::Violations(const Gang& gang) const {
  std::int64_t sum = 0;
  for (const BudgetShare& share : gang.budgets) sum += Beyond(share);
  return sum;
}

std::vector<std::string> Budgets::BrokenBy(const Gang& gang) const {
  std::vector<std::string> broken;
  for (const BudgetShare& share : gang.budgets) {
    if (Beyond(share) > 0) broken.push_back(share.budget);
  }
  return broken;
}

void Budgets::Spend(const Gang& gang) {
  for (const BudgetShare& share : gang.budgets) spent_[share.budget] += share.pods;
}

}  // namespace muster::sched
