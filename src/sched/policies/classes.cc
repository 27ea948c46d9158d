#include "sched/policies/classes.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "sched/policies/attained.h"

namespace muster::sched {

std::vector<Classes::Entry> Classes::Collect(Cycle& cycle) {
  std::vector<Entry> entries;
  for (const GangState state : {GangState::kRunning, GangState::kPending, GangState::kReleasing}) {
    for (const std::uint32_t id : cycle.state.Gangs(state)) {
      const GangSlot& slot = cycle.Slot(id);
      if (slot.holds.empty() || slot.tenant == kNoSlot) continue;
      cycle.quota.Use(slot.tenant, slot.holds, -1, QuotaBook::kEntitled);
      if (state == GangState::kReleasing) continue;  // as good as gone
      entries.push_back({id, slot.gang->started.unix_ms, &slot.holds});
    }
  }
  for (const Reserved& reserved : cycle.reserved) {
    entries.push_back({reserved.gang, std::numeric_limits<std::int64_t>::max(), &reserved.amounts});
  }
  return entries;
}

Classes::Classes(Cycle& cycle) : entitled_(cycle.state.gangs.size(), false) {
  if (!cycle.quota.AnyStated()) return;  // everyone borrows
  std::vector<Entry> entries = Collect(cycle);
  const auto key = [&](const Entry& entry) {
    const Gang& gang = cycle.At(entry.gang);
    return std::tuple<std::int64_t, std::int32_t, std::int64_t, bool, const std::string&>(
        -std::int64_t{gang.priority}, BandOf(cycle, entry.gang), entry.started, gang.borrowing,
        gang.uid);
  };
  std::sort(entries.begin(), entries.end(),
            [&](const Entry& a, const Entry& b) { return key(a) < key(b); });
  for (const Entry& entry : entries) {
    const GangSlot& slot = cycle.Slot(entry.gang);
    if (slot.gang->priority <= kScavenger) continue;
    if (!cycle.quota.Entitled(slot.tenant, *entry.holds, true)) continue;
    cycle.quota.Use(slot.tenant, *entry.holds, 1, QuotaBook::kEntitled);
    entitled_[entry.gang] = true;
  }
}

}  // namespace muster::sched
