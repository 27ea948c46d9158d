#include "sched/policies/future.h"

#include <algorithm>

#include "sched/policies/depart.h"

namespace muster::sched {

Future::Future(const Cycle& cycle, const Classes& classes, const std::vector<Leaving>& leaving,
               Trial& trial)
    : cycle_(cycle), classes_(classes), leaving_(leaving), trial_(trial) {
  freed_.resize(cycle_.reserved.size(), false);
  for (const Reserved& reserved : cycle_.reserved) {
    passed_on_.insert(reserved.victims.begin(), reserved.victims.end());
  }
}

std::int64_t Future::FreedAt(const Cycle& cycle, const Reserved& reserved) {
  std::int64_t grace = 0;
  for (const std::uint32_t id : reserved.victims) grace = std::max(grace, cycle.At(id).grace_ms);
  return Clamp(Wide{cycle.state.now.unix_ms} + grace);
}

void Future::End(std::uint32_t gang) { ++ended_[cycle_.Slot(gang).tenant]; }

void Future::AdvanceTo(std::int64_t to_ms) {
  for (std::size_t i = 0; i < cycle_.reserved.size(); ++i) {
    const Reserved& reserved = cycle_.reserved[i];
    if (freed_[i] || FreedAt(cycle_, reserved) > to_ms) continue;
    freed_[i] = true;
    DepartVictims(cycle_, trial_, reserved);
    for (const std::uint32_t id : reserved.victims) End(id);
  }
  for (; left_ < leaving_.size() && leaving_[left_].at_ms <= to_ms; ++left_) {
    const Leaving& leaving = leaving_[left_];
    if (passed_on_.contains(leaving.gang)) continue;
    Depart(cycle_, classes_, trial_, leaving.gang);
    End(leaving.gang);
    if (leaving.certain) continue;
    for (const std::uint32_t id : cycle_.Slot(leaving.gang).occupants) {
      guesses_.insert(cycle_.state.occupants[id].node);
    }
  }
}

std::int32_t Future::RunningOf(std::uint32_t tenant) const {
  const auto ended = ended_.find(tenant);
  return cycle_.RunningOf(tenant) - (ended == ended_.end() ? 0 : ended->second);
}

}  // namespace muster::sched
