#include "sched/policies/ends.h"

#include <algorithm>

namespace muster::sched {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

std::int64_t PredictedMs(std::int64_t started, std::int64_t now) {
  Wide length = kMinuteMs;
  while (length <= Wide{now} - started) length *= 2;
  return Clamp(started + length);
}

}  // namespace

std::int64_t EndOf(const Cycle& cycle, std::uint32_t gang) {
  const Gang& g = cycle.At(gang);
  const std::int64_t now = cycle.state.now.unix_ms;
  std::int64_t end = 0;
  if (g.state == GangState::kReleasing) {
    end = Clamp(Wide{now} + g.grace_ms);
  } else if (g.bound_end.unix_ms > 0) {
    end = Clamp(Wide{g.bound_end.unix_ms} + g.grace_ms);
  } else {
    end = PredictedMs(g.started.unix_ms, now);
  }
  return std::max(end, now + 1);
}

std::vector<Leaving> LeavingByTime(const Cycle& cycle) {
  std::vector<Leaving> leaving;
  for (const GangState state : {GangState::kRunning, GangState::kReleasing}) {
    for (const std::uint32_t gang : cycle.state.Gangs(state)) {
      if (cycle.Slot(gang).occupants.empty()) continue;
      const bool certain = state == GangState::kReleasing || cycle.At(gang).bound_end.unix_ms > 0;
      leaving.push_back({EndOf(cycle, gang), gang, certain});
    }
  }
  std::sort(leaving.begin(), leaving.end(), [&](const Leaving& a, const Leaving& b) {
    return a.at_ms != b.at_ms ? a.at_ms < b.at_ms : cycle.At(a.gang).uid < cycle.At(b.gang).uid;
  });
  return leaving;
}

std::int64_t EndOfStay(const Gang& gang, std::int64_t begin_ms) {
  return gang.bound_ms > 0 ? Clamp(Wide{begin_ms} + gang.bound_ms + gang.grace_ms) : kForEver;
}

}  // namespace muster::sched
