// Why a gang is held: one reason of the closed list and one sentence with numbers.
#pragma once

#include <string>
#include <utility>

#include "sched/place.h"
#include "sched/policies/preemption.h"

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

// The first of them by name, and how many more.
std::string NodesText(std::vector<std::string> names);

// Of a gang with a reservation, and of one that fits as soon as ending gangs are gone.
std::string WaitText(const Cycle& cycle, const Reservation& reservation,
                     const std::vector<std::uint32_t>& victims);
std::string EndingText(const Cycle& cycle);

// Dominant shares as QuotaBook::DominantShare: of the gang's tenant, then of each victim's.
std::vector<std::int64_t> SharesOf(const Cycle& cycle, std::uint32_t gang,
                                   const std::vector<Victim>& victims);
// The same as if the victims were gone.
std::vector<std::int64_t> SharesWithout(Cycle& cycle, std::uint32_t gang,
                                        const std::vector<Victim>& victims);
struct ShareChange {
  std::int64_t own_before = 0, own_after = 0, victim_before = 0, victim_after = 0;
};
std::string EvictionText(const Cycle& cycle, std::uint32_t gang, const Victim& victim,
                         std::int64_t cost_device_ms, const ShareChange& shares);

// The place as a reservation without its deadline; `places`: the same by row.
Reservation ReservationFor(Cycle& cycle, std::uint32_t gang, const Placed& placed,
                           std::vector<std::pair<std::uint32_t, Vec>>& places);

}  // namespace muster::sched
