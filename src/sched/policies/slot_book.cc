#include "sched/policies/slot_book.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sched/explain.h"
#include "sched/policies/attained.h"
#include "sched/policies/future.h"

namespace muster::sched {
void SlotBook::Occupy(Trial& trial, const TimedPlace& slot, std::int64_t times) const {
  // For itself, at its time; what it is in shadows is counted there.
  for (const auto& [row, vec] : slot.places) trial.Take(row, vec, times, {}, 0);
  const GangSlot& gang = cycle_.Slot(slot.gang);
  trial.Use(gang.tenant, slot.amounts, times, QuotaBook::kUp | QuotaBook::kTotal);
  trial.UseNamespace(gang.ns, slot.amounts, times);
  trial.UseNamespace(gang.ns, slot.limits, times);
}

bool SlotBook::Refused(const TimedPlace& slot) const {
  const GangSlot& gang = cycle_.Slot(slot.gang);
  const auto& tenant = cycle_.state.tenants[gang.tenant].tenant;
  const Request& request = cycle_.RequestOf(slot.gang);
  if (tenant && tenant->max_running_gangs > 0 && slot.running >= tenant->max_running_gangs) {
    return true;
  }
  return slot.quota->WhyNot({gang.tenant, gang.ns, request.least, request.least_limits}).ceiling !=
         Ceiling::kOpen;
}

// At the slot's time the gang is there too (times < 0: is not).
void SlotBook::Count(TimedPlace& slot, std::uint32_t gang, const Sums& amounts, const Sums& limits,
                     std::int64_t times) const {
  const GangSlot& other = cycle_.Slot(gang);
  slot.quota->Use(other.tenant, amounts, times, QuotaBook::kUp | QuotaBook::kTotal);
  slot.quota->UseNamespace(other.ns, amounts, times);
  slot.quota->UseNamespace(other.ns, limits, times);
  if (other.tenant != cycle_.Slot(slot.gang).tenant || cycle_.TopsUp(gang)) return;
  slot.running += static_cast<std::int32_t>(times);
}

bool SlotBook::IsEntitled(std::uint32_t gang, const Sums& sums) const {
  return cycle_.At(gang).priority > kScavenger &&
         cycle_.quota.Entitled(cycle_.Slot(gang).tenant, sums);
}

SlotBook::RowShadows SlotBook::ShadowsOf(const TimedPlace& slot) const {
  RowShadows shadows;
  for (const auto& [row, vec] : slot.places) {
    Shadow shadow{slot.gang, slot.from_ms, {}};
    for (const auto& [resource, amount] : vec) {
      shadow.free.emplace_back(resource, cycle_.cache.overlay.Free(resource, row));
    }
    shadows.emplace_back(row, std::move(shadow));
  }
  return shadows;
}

// ---- What the World remembers ----

void SlotBook::Load(const std::vector<std::uint32_t>& waiting) {
  if (cycle_.policy.slots == 0) return;
  for (const std::uint32_t gang : waiting) tenants_.insert(cycle_.Slot(gang).tenant);
  for (const Reserved& told : LiveSlots(cycle_.state)) {
    const GangSlot& gang = cycle_.Slot(told.gang);
    const bool known = gang.tenant != kNoSlot && cycle_.quota.Known(gang.tenant);
    if (!known || gang.gang->priority <= kScavenger || cycle_.TopsUp(told.gang)) continue;
    TimedPlace slot;
    slot.gang = told.gang;
    slot.from_ms = told.reservation->from.unix_ms;
    slot.end_ms = EndOfStay(*gang.gang, std::max(slot.from_ms, cycle_.state.now.unix_ms));
    slot.places = told.places;
    slot.pods = told.pods;
    slot.amounts = told.amounts;
    slot.limits = cycle_.RequestOf(told.gang).least_limits;
    slots_.push_back(std::move(slot));
  }
  std::sort(slots_.begin(), slots_.end(), [&](const TimedPlace& a, const TimedPlace& b) {
    return a.from_ms != b.from_ms ? a.from_ms < b.from_ms
                                  : cycle_.At(a.gang).uid < cycle_.At(b.gang).uid;
  });
  const auto most = static_cast<std::size_t>(cycle_.policy.slots);
  if (slots_.size() > most) slots_.resize(most);
  if (slots_.empty()) return;
  for (const TimedPlace& moved : Verify()) Grant(moved.gang, kForEver);
  TryEarlier();
}

// In order of time, each beside those before it.
std::vector<TimedPlace> SlotBook::Verify() {
  FillLeaving();
  std::vector<TimedPlace> kept, moved;
  std::vector<RowShadows> shadows;
  {
    Trial trial(cycle_.cache.overlay, cycle_.quota);
    Future future(cycle_, classes_, leaving_, trial);
    std::vector<bool> gone(slots_.size(), false);
    for (TimedPlace& slot : slots_) {
      future.AdvanceTo(slot.from_ms);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        if (gone[i] || kept[i].end_ms > slot.from_ms) continue;
        gone[i] = true;
        Occupy(trial, kept[i], -1);
      }
      slot.quota = std::make_unique<QuotaBook>(cycle_.quota);
      slot.running = future.RunningOf(cycle_.Slot(slot.gang).tenant);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        const bool own = cycle_.Slot(kept[i].gang).tenant == cycle_.Slot(slot.gang).tenant;
        slot.running += own && !gone[i] ? 1 : 0;
      }
      slot.entitled = IsEntitled(slot.gang, slot.amounts);
      slot.certain = std::none_of(slot.places.begin(), slot.places.end(),
                                  [&](const auto& place) { return future.IsGuess(place.first); });
      bool holds = !Refused(slot);
      Occupy(trial, slot, 1);
      RowShadows beside = ShadowsOf(slot);
      for (const auto& [row, shadow] : beside) {
        for (const auto& [resource, free] : shadow.free) holds = holds && free >= 0;
      }
      if (!holds) {
        Occupy(trial, slot, -1);
        moved.push_back(std::move(slot));
        continue;
      }
      kept.push_back(std::move(slot));
      shadows.push_back(std::move(beside));
    }
  }
  slots_.clear();
  // Each has counted those before it, and is counted here in those at the same time.
  for (std::size_t i = 0; i < kept.size(); ++i) Add({std::move(kept[i]), std::move(shadows[i])});
  return moved;
}

// ---- Who has one ----

bool SlotBook::ComesBeforeAll(std::uint32_t gang) const {
  return cycle_.At(gang).finish_first ||
         std::any_of(cycle_.reserved.begin(), cycle_.reserved.end(),
                     [&](const Reserved& reserved) { return reserved.gang == gang; });
}

bool SlotBook::ComesBefore(std::uint32_t gang, bool entitled, const TimedPlace& slot) const {
  if (entitled && !slot.entitled) return true;
  return cycle_.Slot(gang).tenant == cycle_.Slot(slot.gang).tenant && entitled == slot.entitled &&
         RankOf(cycle_, gang) > RankOf(cycle_, slot.gang);
}

Stay SlotBook::StayOf(std::uint32_t gang) const {
  Stay stay;
  stay.end_ms = EndOfStay(cycle_.At(gang), cycle_.state.now.unix_ms);
  stay.over.push_back(gang);
  if (slots_.empty()) return stay;
  const bool all = ComesBeforeAll(gang);
  const bool entitled = !all && IsEntitled(gang, cycle_.RequestOf(gang).least);
  for (const TimedPlace& slot : slots_) {
    if (slot.gang == gang) continue;
    if (all || ComesBefore(gang, entitled, slot)) stay.over.push_back(slot.gang);
  }
  return stay;
}

const TimedPlace* SlotBook::Find(std::uint32_t gang) const {
  for (const TimedPlace& slot : slots_) {
    if (slot.gang == gang) return &slot;
  }
  return nullptr;
}

void SlotBook::CountInOthers(const TimedPlace& slot, std::int64_t times) {
  for (const auto& [row, vec] : slot.places) {
    cycle_.cache.overlay.shadows().Take(row, vec, times, slot.from_ms, slot.end_ms);
  }
  for (TimedPlace& other : slots_) {
    const bool there = slot.from_ms <= other.from_ms && other.from_ms < slot.end_ms;
    if (other.gang != slot.gang && there) Count(other, slot.gang, slot.amounts, slot.limits, times);
  }
}

void SlotBook::Add(Found found) {
  CountInOthers(found.slot, 1);
  for (auto& [row, shadow] : found.shadows) {
    cycle_.cache.overlay.shadows().Add(row, std::move(shadow));
  }
  slots_.push_back(std::move(found.slot));
}

void SlotBook::Withdraw(std::uint32_t gang) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].gang != gang) continue;
    withdrawn_ = i;
    aside_ = cycle_.cache.overlay.shadows().Remove(gang);
    CountInOthers(slots_[i], -1);
  }
}

void SlotBook::Restore() {
  if (!withdrawn_) return;
  CountInOthers(slots_[*withdrawn_], 1);
  for (auto& [row, shadow] : aside_) {
    cycle_.cache.overlay.shadows().Add(row, std::move(shadow));
  }
  withdrawn_.reset();
}

bool SlotBook::Drop() {
  if (!withdrawn_) return false;
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(*withdrawn_));
  withdrawn_.reset();
  return true;
}

bool SlotBook::MayHave(std::uint32_t gang) const {
  const std::int64_t most = cycle_.policy.slots;
  const auto used = static_cast<std::int64_t>(slots_.size());
  if (used >= most || searches_ >= 2 * most) return false;
  if (cycle_.At(gang).priority <= kScavenger || cycle_.TopsUp(gang)) return false;
  if (!Placeable(cycle_, cycle_.RequestOf(gang))) return false;
  const std::uint32_t tenant = cycle_.Slot(gang).tenant;
  std::set<std::uint32_t> without = tenants_;
  std::int64_t own = 0;
  for (const TimedPlace& slot : slots_) {
    const GangSlot& holder = cycle_.Slot(slot.gang);
    without.erase(holder.tenant);
    if (holder.tenant != tenant) continue;
    if (holder.sig == cycle_.Slot(gang).sig) return false;
    ++own;
  }
  if (own == 0) return true;
  if (tenants_.size() > 1 && own >= (most + 1) / 2) return false;
  return most - used > static_cast<std::int64_t>(without.size());
}

void SlotBook::Grant(std::uint32_t gang) {
  if (MayHave(gang)) Grant(gang, kForEver);
}

bool SlotBook::Grant(std::uint32_t gang, std::int64_t before_ms) {
  auto found = Earliest(gang, before_ms);
  if (!found) return false;
  Drop();
  Add(std::move(*found));
  Displace(gang);
  return true;
}

// Those that cannot hold beside one that comes before them.  Their gangs look for another.
void SlotBook::Displace(std::uint32_t gang) {
  const bool entitled = Find(gang)->entitled;
  std::vector<std::uint32_t> displaced;
  for (const TimedPlace& slot : slots_) {
    if (slot.gang == gang || !ComesBefore(gang, entitled, slot)) continue;
    if (cycle_.cache.overlay.shadows().IsShort(slot.gang) || Refused(slot)) {
      displaced.push_back(slot.gang);
    }
  }
  for (const std::uint32_t other : displaced) {
    Withdraw(other);
    Drop();
  }
  displaced_ = displaced_ || !displaced.empty();
}

Reservation SlotBook::ToReservation(const TimedPlace& slot) const {
  Reservation reservation;
  reservation.gang = cycle_.At(slot.gang).uid;
  reservation.from.unix_ms = slot.from_ms;
  for (const Place& place : slot.pods) {
    reservation.pods.push_back(
        {cycle_.state.nodes.name(place.node.value), place.task, place.count});
  }
  for (const auto& [row, vec] : slot.places) {
    Sums sums;
    sums.Add(vec, 1);
    reservation.nodes.emplace_back(cycle_.state.nodes.name(row), cycle_.state.Extern(sums));
  }
  return reservation;
}

// ---- What others are kept from ----

const TimedPlace* SlotBook::LosesQuota(std::uint32_t gang, const Placed& placed, const Stay& stay) {
  for (TimedPlace& slot : slots_) {
    if (slot.from_ms >= stay.end_ms || stay.IsOver(slot.gang)) continue;
    Count(slot, gang, placed.used, placed.limits, 1);
    const bool refused = Refused(slot);
    Count(slot, gang, placed.used, placed.limits, -1);
    if (refused) return &slot;
  }
  return nullptr;
}

void SlotBook::Begun(std::uint32_t gang, const Placed& placed, const Stay& stay) {
  for (TimedPlace& slot : slots_) {
    if (slot.gang == gang || slot.from_ms >= stay.end_ms) continue;
    Count(slot, gang, placed.used, placed.limits, 1);
  }
}

const TimedPlace* SlotBook::Keeper(std::uint32_t gang) {
  const Stay stay = StayOf(gang);
  const TimedPlace* first = nullptr;
  for (const SigTask& task : cycle_.RequestOf(gang).sig->tasks) {
    const ShapeIndex& index = cycle_.IndexOf(task.shape);
    const Vec& vec = cycle_.state.shapes[task.shape.value].request;
    for (const TimedPlace& slot : slots_) {
      if (first != nullptr && first->from_ms <= slot.from_ms) continue;
      for (const auto& [row, places] : slot.places) {
        const Shadow* shadow = cycle_.cache.overlay.shadows().Refusing(row, vec, stay);
        if (index.RoomAt(row) == 0 || shadow == nullptr) continue;
        first = Find(shadow->holder);
      }
    }
  }
  if (first != nullptr) return first;
  const auto it = std::find_if(slots_.begin(), slots_.end(), [&](const TimedPlace& slot) {
    return !stay.IsOver(slot.gang) && slot.from_ms < stay.end_ms;
  });
  return it == slots_.end() ? nullptr : &*it;
}

}  // namespace muster::sched
