// When, and where then, a blocked gang fits.
#include <algorithm>
#include <utility>

#include "sched/explain.h"
#include "sched/policies/future.h"
#include "sched/policies/slot_book.h"

namespace muster::sched {
namespace {

constexpr std::size_t kTriedEarlier = 2;  // slots in a cycle

}  // namespace

// Only for those who ask.
void SlotBook::FillLeaving() {
  if (filled_) return;
  filled_ = true;
  leaving_ = LeavingByTime(cycle_);
}

std::optional<SlotBook::Found> SlotBook::Fits(std::uint32_t gang, std::int64_t from_ms) {
  const Request& request = cycle_.RequestOf(gang);
  Trial trial(cycle_.cache.overlay, cycle_.quota);
  Future future(cycle_, classes_, leaving_, trial);
  future.AdvanceTo(from_ms);
  Found found;
  TimedPlace& slot = found.slot;
  slot.gang = gang;
  slot.from_ms = from_ms;
  slot.end_ms = EndOfStay(cycle_.At(gang), from_ms);
  slot.running = future.RunningOf(cycle_.Slot(gang).tenant);
  Stay stay = StayOf(gang);
  stay.end_ms = slot.end_ms;
  for (const TimedPlace& other : slots_) {
    if (other.from_ms > from_ms || stay.IsOver(other.gang)) continue;
    stay.over.push_back(other.gang);  // its shadow is cast by itself now
    if (other.end_ms <= from_ms) continue;
    Occupy(trial, other, 1);
    slot.running += cycle_.Slot(other.gang).tenant == cycle_.Slot(gang).tenant ? 1 : 0;
  }
  slot.entitled = IsEntitled(gang, request.least);
  const Placed placed = PlaceGang(cycle_, trial, gang, Size::kLeast, stay);
  if (placed.places.empty()) return std::nullopt;
  ReservationFor(cycle_, gang, placed, slot.places);
  slot.pods = placed.places;
  slot.amounts = placed.used;
  slot.limits = placed.limits;
  slot.quota = std::make_unique<QuotaBook>(cycle_.quota);
  Count(slot, gang, slot.amounts, slot.limits, -1);
  ++slot.running;  // was counted with the amounts, but is not there yet
  if (Refused(slot) || LosesQuota(gang, placed, stay) != nullptr) return std::nullopt;
  slot.certain = std::none_of(slot.places.begin(), slot.places.end(),
                              [&](const auto& place) { return future.IsGuess(place.first); });
  found.shadows = ShadowsOf(slot);
  return found;
}

// As time goes on more comes free: by bisection.
std::optional<SlotBook::Found> SlotBook::Earliest(std::uint32_t gang, std::int64_t before_ms) {
  ++searches_;
  FillLeaving();
  std::vector<std::int64_t> times;
  for (const Leaving& leaving : leaving_) times.push_back(leaving.at_ms);
  for (const Reserved& reserved : cycle_.reserved) {
    times.push_back(Future::FreedAt(cycle_, reserved));
  }
  for (const TimedPlace& slot : slots_) {
    if (slot.end_ms != kForEver) times.push_back(slot.end_ms);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  times.erase(std::lower_bound(times.begin(), times.end(), before_ms), times.end());
  std::optional<Found> best = times.empty() ? std::nullopt : Fits(gang, times.back());
  if (!best) return best;
  std::size_t low = 0, high = times.size() - 1;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (auto found = Fits(gang, times[middle])) {
      best = std::move(found);
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return best;
}

void SlotBook::TryEarlier() {
  std::vector<std::uint32_t> first;
  for (std::size_t i = 0; i < std::min(kTriedEarlier, slots_.size()); ++i) {
    first.push_back(slots_[i].gang);
  }
  for (const std::uint32_t gang : first) {
    if (Find(gang) == nullptr) continue;  // displaced
    const std::int64_t before = Find(gang)->from_ms;
    Withdraw(gang);
    if (!Grant(gang, before)) Restore();
  }
}

}  // namespace muster::sched
