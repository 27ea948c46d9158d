// In what order gangs are tried: tenants by (whether the next gang would be entitled, which a
// scavenger never is, weighted dominant share, name), recomputed after each start or hold; inside a
// tenant by
//
//   effective = max(base, min(cap, base + step * floor(wait / interval)))   aging inside a level
//   then the earlier deadline (none last), the earlier submit, the lesser uid.
//
// The cap is the next level - 1; scavengers (base <= 100) never age.  With the inner order
// kExpected: by base, then deadline, then floor(log4(device time that the bound allows)), none
// last, then submit, uid; but where there are slots, the oldest gang of a tenant's highest base
// comes first of all, for when it is blocked, a place is kept for it before others may go ahead.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "sched/cycle.h"

namespace muster::sched {

std::int64_t EffectivePriority(const Gang& gang, base::TimePoint now, const Policy& policy);

// Hands out pending gangs, each once.
class FairOrder {
 public:
  // `gangs`: those to hand out, each of a known tenant.
  FairOrder(Cycle& cycle, const std::vector<std::uint32_t>& gangs);

  std::optional<std::uint32_t> Next();

 private:
  struct Key {
    std::int64_t minus_effective, deadline, expected, submit;
    std::uint32_t gang;
  };
  struct Queue {
    std::uint32_t tenant = kNoSlot;
    std::vector<Key> keys;
    std::size_t next = 0;
    // Whether the guarantee has room for the next gang: for this sig, at this version of the book.
    std::uint32_t sig = kNoSlot;
    std::uint64_t version = 0;
    bool entitled = false;
  };

  std::int64_t ExpectedOf(std::uint32_t gang);
  void Sort(Queue& queue) const;
  void Offer(std::uint32_t rank);

  Cycle& cycle_;
  std::vector<Queue> queues_;  // by rank of the tenant
  std::uint32_t taken_ = 0;    // rank of the tenant whose gang was handed out last; 0: none
  std::set<std::tuple<int, std::int64_t, std::uint32_t>> offers_;  // entitled, share, rank
};

}  // namespace muster::sched
