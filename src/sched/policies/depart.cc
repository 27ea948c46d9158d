#include "sched/policies/depart.h"

#include "sched/policies/ends.h"

namespace muster::sched {

void Depart(const Cycle& cycle, const Classes& classes, Trial& trial, std::uint32_t gang) {
  const GangSlot& slot = cycle.Slot(gang);
  const unsigned entitled = classes.Entitled(gang) ? QuotaBook::kEntitled : 0U;
  const bool ends = slot.gang->state != GangState::kPending;
  const std::int64_t end = ends ? EndOf(cycle, gang) : kForEver;
  trial.Use(slot.tenant, slot.holds, -1, QuotaBook::kUp | QuotaBook::kTotal | entitled);
  for (const std::uint32_t id : slot.occupants) {
    const OccupantSlot& occupant = cycle.state.occupants[id];
    if (occupant.node != kNoSlot) {
      trial.Take(occupant.node, occupant.amounts, -1, occupant.ports, end);
      trial.Tie(occupant.node, occupant.ties, -1);
    }
    cycle.LeaveNamespace(trial, occupant);
  }
}

void DepartVictims(const Cycle& cycle, Trial& trial, const Reserved& reserved) {
  // They end before any slot begins, which has counted that.
  for (const auto& [row, vec] : SurplusOf(cycle.state, reserved.places, reserved.victims)) {
    trial.Take(row, vec, -1, {}, cycle.state.now.unix_ms);
  }
  for (const std::uint32_t id : reserved.victims) {
    const GangSlot& slot = cycle.Slot(id);
    trial.Use(slot.tenant, slot.holds, -1, QuotaBook::kTotal);
    for (const std::uint32_t at : slot.occupants) {
      const OccupantSlot& occupant = cycle.state.occupants[at];
      if (occupant.node != kNoSlot) trial.Tie(occupant.node, occupant.ties, -1);
      cycle.LeaveNamespace(trial, occupant);
    }
  }
}

}  // namespace muster::sched
