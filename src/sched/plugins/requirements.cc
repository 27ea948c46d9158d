#include "sched/plugins/requirements.h"

#include <algorithm>

#include "muster/base/text.h"

namespace muster::sched {
namespace {

bool Among(const Requirement& requirement, const std::string& value) {
  return std::find(requirement.values.begin(), requirement.values.end(), value) !=
         requirement.values.end();
}

// Gt and Lt compare whole numbers; anything else does not match.
bool Compares(const Requirement& requirement, const std::string& value) {
  if (requirement.values.size() != 1) return false;
  const auto have = base::ParseInt(value);
  const auto bound = base::ParseInt(requirement.values[0]);
  if (!have || !bound) return false;
  return requirement.op == SelectOp::kGt ? *have > *bound : *have < *bound;
}

bool Matches(const Requirement& requirement, const Node& node) {
  const std::string* value = requirement.name ? &node.name : nullptr;
  if (!requirement.name) {
    const auto it = node.labels.find(requirement.key);
    if (it != node.labels.end()) value = &it->second;
  }
  switch (requirement.op) {
    case SelectOp::kIn:
      return value && Among(requirement, *value);
    case SelectOp::kNotIn:
      return !value || !Among(requirement, *value);
    case SelectOp::kExists:
      return value != nullptr;
    case SelectOp::kDoesNotExist:
      return value == nullptr;
    case SelectOp::kGt:
    case SelectOp::kLt:
      return value && Compares(requirement, *value);
  }
  return false;
}

}  // namespace

bool MatchesAll(const std::vector<Requirement>& requirements, const Node& node) {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Requirement& r) { return Matches(r, node); });
}

bool MatchesAny(const Terms& terms, const Node& node) {
  if (terms.empty()) return true;
  return std::any_of(terms.begin(), terms.end(), [&](const std::vector<Requirement>& term) {
    // A term without requirements matches nothing, as in Kubernetes.
    return !term.empty() && MatchesAll(term, node);
  });
}

}  // namespace muster::sched
