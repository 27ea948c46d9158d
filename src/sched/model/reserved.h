// What reservations keep from others.  On a node, a beneficiary h with R reserved and victims that
// still hold V there keeps max(R, V) from everyone else; V is in `used` already, so the rest,
// extra = max(0, R - V), is what is still to be taken out of the free amount: a freed place is
// never counted twice and never given away.  h itself sees its own extra.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "muster/sched/plan.h"
#include "sched/model/world_state.h"

namespace muster::sched {

struct Reserved {
  const Reservation* reservation = nullptr;
  std::uint32_t gang = kNoSlot;
  std::vector<std::pair<std::uint32_t, Vec>> places;  // R, by row
  std::vector<Place> pods;                            // that make up R; empty: not known
  std::vector<std::pair<std::uint32_t, Vec>> extra;   // by row
  Sums amounts;                                       // all of R
  std::vector<std::uint32_t> victims;                 // gangs that are releasing for it, by uid
};

// Those that still stand: the gang is pending, the deadline is ahead, and every node of it can be
// used.  Sorted by uid of the gang.  Slots apart.
std::vector<Reserved> LiveReservations(const WorldState& world);
// The slots whose gang is pending and whose nodes can be used, without extra and victims.
std::vector<Reserved> LiveSlots(const WorldState& world);

// max(0, places - what `victims` hold there).
std::vector<std::pair<std::uint32_t, Vec>> ExtraOf(
    const WorldState& world, const std::vector<std::pair<std::uint32_t, Vec>>& places,
    const std::vector<std::uint32_t>& victims);

// max(0, what `victims` hold - places), on all nodes of theirs: what everyone gets when they are
// gone.
std::vector<std::pair<std::uint32_t, Vec>> SurplusOf(
    const WorldState& world, const std::vector<std::pair<std::uint32_t, Vec>>& places,
    const std::vector<std::uint32_t>& victims);

}  // namespace muster::sched
