// Amounts by resource id, inside the core.  Two types: Vec is what one thing asks for or has
// (64-bit, never negative), Sums is what many of them add up to (128-bit: 2^64 amounts cannot
// overflow, so a sum always goes back to what it was when the same things are taken out again).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "muster/sched/types.h"

namespace muster::sched {

using Wide = __int128;

// The largest amount; what is larger, at the door or in a sum, is cut to it.
inline constexpr std::int64_t kMaxAmount = (std::int64_t{1} << 62) - 1;

std::int64_t Clamp(Wide value);  // to [-kMaxAmount, kMaxAmount]

// Sorted by resource id, no zero entries, 0 < amount <= kMaxAmount.
using Vec = std::vector<std::pair<ResourceId, std::int64_t>>;

// Ceilings: sorted by resource id; absent means unlimited, zero means none.
using Limits = std::vector<std::pair<ResourceId, std::int64_t>>;

// The ceiling of one resource, or -1: unlimited.
std::int64_t LimitOf(const Limits& limits, ResourceId resource);

// Of one resource; 0 if absent.
std::int64_t AmountOf(const Vec& vec, ResourceId resource);

// Adds `amount` of one resource, cut to the range.
void AddTo(Vec& vec, ResourceId resource, std::int64_t amount);

// Sorted by resource id, no zero entries; entries may be negative.
class Sums {
 public:
  void Add(ResourceId resource, Wide delta);
  void Add(const Vec& vec, Wide times) {
    for (const auto& [resource, amount] : vec) Add(resource, times * amount);
  }
  void Add(const Sums& sums, Wide times) {
    for (const auto& [resource, amount] : sums.entries_) Add(resource, times * amount);
  }
  Wide Of(ResourceId resource) const;
  const std::vector<std::pair<ResourceId, Wide>>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<std::pair<ResourceId, Wide>> entries_;
};

}  // namespace muster::sched
