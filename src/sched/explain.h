// Why a gang is held: one reason of the closed list and one sentence with numbers.
#pragma once

#include <string>
#include <utility>

#include "sched/place.h"

namespace muster::sched {

struct Why {
  Reason reason = Reason::kPendingEvaluation;
  std::string text;
};

// What refuses it by quota.
Why ExplainQuota(Cycle& cycle, std::uint32_t gang, const Refusal& refusal);
// Why its smallest legal start does not fit on the nodes.
Why ExplainPlace(Cycle& cycle, std::uint32_t gang);

// "16 nvidia.com/gpu (2 pods x 8)"
std::string NeedText(Cycle& cycle, std::uint32_t gang, ResourceId resource);

}  // namespace muster::sched
