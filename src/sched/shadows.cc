#include "sched/shadows.h"

#include <algorithm>

namespace muster::sched {
namespace {

std::int64_t RoomIn(const Shadow& shadow, const Vec& vec) {
  std::int64_t room = kMaxAmount;
  for (const auto& [resource, amount] : vec) {
    const auto it =
        std::find_if(shadow.free.begin(), shadow.free.end(),
                     [&, id = resource](const auto& entry) { return entry.first == id; });
    if (it != shadow.free.end())
      room = std::min(room, std::max<std::int64_t>(0, it->second) / amount);
  }
  return room;
}

bool Meets(const Stay& stay, const Shadow& shadow) {
  return shadow.from_ms < stay.end_ms && !stay.IsOver(shadow.holder);
}

}  // namespace

void Shadows::Add(std::uint32_t row, Shadow shadow) { by_row_[row].push_back(std::move(shadow)); }

std::vector<std::pair<std::uint32_t, Shadow>> Shadows::Remove(std::uint32_t holder) {
  std::vector<std::pair<std::uint32_t, Shadow>> removed;
  for (auto& [row, shadows] : by_row_) {
    std::erase_if(shadows, [&, at = row](Shadow& shadow) {
      if (shadow.holder != holder) return false;
      removed.emplace_back(at, std::move(shadow));
      return true;
    });
  }
  std::erase_if(by_row_, [](const auto& entry) { return entry.second.empty(); });
  return removed;
}

void Shadows::Take(std::uint32_t row, const Vec& vec, std::int64_t times, std::int64_t begin_ms,
                   std::int64_t end_ms) {
  const auto it = by_row_.find(row);
  if (it == by_row_.end()) return;
  for (Shadow& shadow : it->second) {
    if (shadow.from_ms < begin_ms || shadow.from_ms >= end_ms) continue;
    for (auto& [resource, free] : shadow.free) {
      free = Clamp(free - Wide{AmountOf(vec, resource)} * times);
    }
  }
}

std::int64_t Shadows::Room(std::uint32_t row, const Vec& vec, const Stay& stay) const {
  std::int64_t room = kMaxAmount;
  const auto it = by_row_.find(row);
  if (it == by_row_.end()) return room;
  for (const Shadow& shadow : it->second) {
    if (Meets(stay, shadow)) room = std::min(room, RoomIn(shadow, vec));
  }
  return room;
}

bool Shadows::IsShort(std::uint32_t holder) const {
  for (const auto& [row, shadows] : by_row_) {
    for (const Shadow& shadow : shadows) {
      if (shadow.holder != holder) continue;
      for (const auto& [resource, free] : shadow.free) {
        if (free < 0) return true;
      }
    }
  }
  return false;
}

const Shadow* Shadows::Refusing(std::uint32_t row, const Vec& vec, const Stay& stay) const {
  const Shadow* first = nullptr;
  const auto it = by_row_.find(row);
  if (it == by_row_.end()) return first;
  for (const Shadow& shadow : it->second) {
    if (!Meets(stay, shadow) || RoomIn(shadow, vec) > 0) continue;
    if (first == nullptr || shadow.from_ms < first->from_ms) first = &shadow;
  }
  return first;
}

}  // namespace muster::sched
