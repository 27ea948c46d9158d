// E and B of scheduling.md section 6: which running gangs hold what their tenant is entitled to,
// and which ones borrow.  Derived in every cycle: all gangs are taken out, then put back by rank
// (attained.h; highest first), then start; a gang is E if it is entitled beside the E gangs before
// it.  B gangs are not put back, so that starting or evicting one changes no other gang's class;
// that is what the proof in preemption.h rests on.  Usage of a tenant that belongs to no gang comes
// first of all.
//
// Always B: scavengers, gangs of tenants that state no guarantee for what they hold.
#pragma once

#include <vector>

#include "sched/cycle.h"

namespace muster::sched {

inline constexpr std::int32_t kScavenger = 100;

class Classes {
 public:
  // Puts what E gangs hold into the book's kEntitled part.  Gangs with a live reservation count
  // like gangs that started last.
  explicit Classes(Cycle& cycle);

  bool Entitled(std::uint32_t gang) const { return gang < entitled_.size() && entitled_[gang]; }

 private:
  struct Entry {
    std::uint32_t gang;
    std::int64_t started;
    const Sums* holds;
  };
  std::vector<Entry> Collect(Cycle& cycle);

  std::vector<bool> entitled_;  // by gang
};

}  // namespace muster::sched
