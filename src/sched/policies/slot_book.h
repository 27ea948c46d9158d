// Slots: places that are kept for blocked gangs from a time to come, so that big ones do start
// (scheduling.md section 5).  EASY backfill (Lifka, JSSPP 1995) with several reservations, by node.
//
//   time      the earliest end (ends.h) of a running gang or of another slot's at which the gang
//   fits,
//             with its quota, once all that end by then are gone and the slots before then have
//             begun
//   place     where it fits then
//   backfill  whoever starts now must not touch a slot: it ends by the slot's time, or fits beside
//   it
//             on every node (shadows.h), and leaves the slot's gang its quota
//   kept      until the gang starts, wherever it fits first.  Moved to a later time only if it
//   cannot
//             hold: who was to end by then runs on, a node is lost, one that comes before it took
//             the place.  Moved to an earlier one when that is free
//   before    what is bound in part, and what others were evicted for, comes before every slot; an
//             entitled gang before slots of gangs that borrow; in a tenant, the higher rank
//             (attained.h) before the lower
//   who       blocked gangs in the order in which they are tried, of each tenant the first one
//   before
//             a second of any; at most half of the slots for one tenant while others wait; one for
//             gangs of a tenant that ask for the same; none for scavengers and for what tops up
//
// Where all that must end first has bounds, no slot is moved later but for an outside event or one
// that comes before it.  Outside events are also: pods that a gang may not be beside or needs
// beside it, ports that are taken, and a cordoned node that counts for the quota until its last pod
// ends.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "sched/place.h"
#include "sched/policies/classes.h"
#include "sched/policies/ends.h"

namespace muster::sched {

struct TimedPlace {
  std::uint32_t gang = kNoSlot;
  std::int64_t from_ms = 0;
  std::int64_t end_ms = kForEver;                     // of the gang's stay there
  std::vector<std::pair<std::uint32_t, Vec>> places;  // by row
  std::vector<Place> pods;                            // empty: not known
  Sums amounts, limits;
  bool entitled = false;
  bool certain = false;  // all that must end first has bounds
  // At from_ms, beside all others that will be there: the quota, and the running gangs of its
  // tenant.
  std::unique_ptr<QuotaBook> quota;
  std::int32_t running = 0;
};

class SlotBook {
 public:
  SlotBook(Cycle& cycle, const Classes& classes) : cycle_(cycle), classes_(classes) {}

  // Takes up what the World remembers, and moves what has to be moved.  `waiting`: gangs that are
  // to be decided.  REQUIRES: what reservations keep has been taken out of what others may use.
  void Load(const std::vector<std::uint32_t>& waiting);

  // Until when a start of the gang now would last, and whose slots it comes before.
  Stay StayOf(std::uint32_t gang) const;
  const TimedPlace* Find(std::uint32_t gang) const;
  // While the gang looks for a place its slot keeps nothing from it.  Then one of the two: it needs
  // the slot still, or not any more.
  void Withdraw(std::uint32_t gang);
  void Restore();
  bool Drop();  // whether there was one
  // After the gang was held: a slot for it, if it may have one and there is a time for it.
  void Grant(std::uint32_t gang);
  // The slot that would lose its quota to such a start of the gang; null: none.
  const TimedPlace* LosesQuota(std::uint32_t gang, const Placed& placed, const Stay& stay);
  // The gang starts so.
  void Begun(std::uint32_t gang, const Placed& placed, const Stay& stay);
  // The slot that keeps the gang from a node that has room for it; null: none.
  const TimedPlace* Keeper(std::uint32_t gang);

  // Whether one of them was dropped because another came before it.
  bool displaced() const { return displaced_; }
  const std::vector<TimedPlace>& slots() const { return slots_; }
  // For the World to remember.
  Reservation ToReservation(const TimedPlace& slot) const;

 private:
  using RowShadows = std::vector<std::pair<std::uint32_t, Shadow>>;
  struct Found {
    TimedPlace slot;
    RowShadows shadows;
  };

  // slot_search.cc
  void FillLeaving();
  std::optional<Found> Fits(std::uint32_t gang, std::int64_t from_ms);
  std::optional<Found> Earliest(std::uint32_t gang, std::int64_t before_ms);
  bool Grant(std::uint32_t gang, std::int64_t before_ms);
  void TryEarlier();

  void Occupy(Trial& trial, const TimedPlace& slot, std::int64_t times) const;
  bool Refused(const TimedPlace& slot) const;
  bool MayHave(std::uint32_t gang) const;
  bool ComesBeforeAll(std::uint32_t gang) const;
  bool ComesBefore(std::uint32_t gang, bool entitled, const TimedPlace& slot) const;
  bool IsEntitled(std::uint32_t gang, const Sums& sums) const;
  RowShadows ShadowsOf(const TimedPlace& slot) const;
  std::vector<TimedPlace> Verify();  // returns those that cannot hold
  void Add(Found found);
  void Displace(std::uint32_t gang);
  // In the slot's quota: the gang has so much at its time.
  void Count(TimedPlace& slot, std::uint32_t gang, const Sums& amounts, const Sums& limits,
             std::int64_t times) const;
  void CountInOthers(const TimedPlace& slot, std::int64_t times);

  Cycle& cycle_;
  const Classes& classes_;
  bool filled_ = false;
  std::vector<Leaving> leaving_;
  std::vector<TimedPlace> slots_;
  std::optional<std::size_t> withdrawn_;  // of slots_
  RowShadows aside_;                      // of that one
  std::set<std::uint32_t> tenants_;       // with gangs to be decided
  std::int64_t searches_ = 0;
  bool displaced_ = false;
};

}  // namespace muster::sched
