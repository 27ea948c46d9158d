// Tasks of a gang that are to be in one domain of a topology (pod affinity to each other).  The
// best node for the first pod may be in a domain that is too small for the rest: then the domains
// that could hold them all are tried one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sched/cycle.h"

namespace muster::sched {

struct Confines {
  std::uint32_t term = kNoSlot;
  std::string domain;
  std::vector<bool> tasks;  // whom it holds for
  bool Allow(const WorldState& world, std::uint32_t row) const {
    const std::string* value = TieCounts::DomainOf(world, term, row);
    return value != nullptr && *value == domain;
  }
};

// The domains that, other pods apart, have room for `counts` of the tasks: least room left over
// first, then by name, and not too many.  None where no tasks of it are tied to each other.
std::vector<Confines> ConfinesOf(Cycle& cycle, const Request& request,
                                 const std::vector<std::int32_t>& counts);

}  // namespace muster::sched
