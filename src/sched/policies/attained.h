// Least attained service (Tiresias, Gu et al., NSDI 2019): a gang that takes part is in the band of
// as many of the thresholds 1, 10 and 100 device-hours as its service has passed.  Service is
// device time over all attempts, lost work included, so that a band never falls.  Those who take no
// part are in band 0.
//
// A gang's rank (base priority, then lower band) is what preemption compares (preemption.h).
#pragma once

#include <cstdint>
#include <utility>

#include "sched/cycle.h"

namespace muster::sched {

std::int32_t BandOf(const Cycle& cycle, std::uint32_t gang);

// Higher is better.
using Rank = std::pair<std::int32_t, std::int32_t>;
inline Rank RankOf(const Cycle& cycle, std::uint32_t gang) {
  return {cycle.At(gang).priority, -BandOf(cycle, gang)};
}

// When a running gang's band rises next; 0: never.
std::int64_t NextBandMs(const Cycle& cycle, std::uint32_t gang);

}  // namespace muster::sched
