// When gangs that hold a place will have left it.
//
//   releasing          now + grace
//   with a bound       bound_end + grace (from then on: the next moment)
//   without            started + the least minute * 2^k that its age has not passed: at most twice
//   its
//                      age, and a time that stays what it is until it has passed.  That those who
//                      ran for long will run for long is what is known of run times in general
//                      (Harchol-Balter and Downey, TOCS 1997).
#pragma once

#include <cstdint>
#include <vector>

#include "sched/cycle.h"

namespace muster::sched {

// > now.  REQUIRES: the gang is running or releasing.
std::int64_t EndOf(const Cycle& cycle, std::uint32_t gang);

struct Leaving {
  std::int64_t at_ms = 0;
  std::uint32_t gang = kNoSlot;
  bool certain = false;  // at the latest then: it is ending, or its bound is
};

// All that run or end, by time, then uid.
std::vector<Leaving> LeavingByTime(const Cycle& cycle);

// The end of a stay that begins at `begin_ms`.
std::int64_t EndOfStay(const Gang& gang, std::int64_t begin_ms);

}  // namespace muster::sched
