#include "sched/model/vec.h"

#include <algorithm>

namespace muster::sched {
namespace {

template <class Entries>
auto Find(Entries& entries, ResourceId resource) {
  return std::lower_bound(entries.begin(), entries.end(), resource,
                          [](const auto& entry, ResourceId id) { return entry.first < id; });
}

}  // namespace

std::int64_t Clamp(Wide value) {
  return static_cast<std::int64_t>(std::clamp<Wide>(value, -Wide{kMaxAmount}, kMaxAmount));
}

std::int64_t AmountOf(const Vec& vec, ResourceId resource) {
  const auto it = Find(vec, resource);
  return it != vec.end() && it->first == resource ? it->second : 0;
}

std::int64_t LimitOf(const Limits& limits, ResourceId resource) {
  const auto it = Find(limits, resource);
  return it != limits.end() && it->first == resource ? it->second : -1;
}

void AddTo(Vec& vec, ResourceId resource, std::int64_t amount) {
  if (amount <= 0) return;
  const auto it = Find(vec, resource);
  if (it != vec.end() && it->first == resource) {
    it->second = Clamp(Wide{it->second} + amount);
  } else {
    vec.insert(it, {resource, Clamp(amount)});
  }
}

void Sums::Add(ResourceId resource, Wide delta) {
  if (delta == 0) return;
  const auto it = Find(entries_, resource);
  if (it == entries_.end() || it->first != resource) {
    entries_.insert(it, {resource, delta});
  } else if ((it->second += delta) == 0) {
    entries_.erase(it);
  }
}

Wide Sums::Of(ResourceId resource) const {
  const auto it = Find(entries_, resource);
  return it != entries_.end() && it->first == resource ? it->second : 0;
}

}  // namespace muster::sched
