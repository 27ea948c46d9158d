// What becomes of one gang: start, make room by evictions, or hold with its reason.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "sched/explain.h"
#include "sched/place.h"
#include "sched/policies/preemption.h"
#include "sched/policies/slot_book.h"

namespace muster::sched {

struct Waiting {
  std::vector<std::uint32_t> finish_first;  // by submit, then uid
  std::vector<std::uint32_t> reserved;      // likewise
  std::vector<std::uint32_t> rest;
  std::vector<std::uint32_t> tenantless;  // likewise
};

Waiting Sort(const Cycle& cycle);

class Decider {
 public:
  // Takes what is reserved out of what others may use, and has slots kept for the gangs in `rest`.
  Decider(Cycle& cycle, const std::vector<std::uint32_t>& rest);

  void Decide(std::uint32_t gang);
  // REQUIRES: it has a live reservation.
  void DecideReserved(std::uint32_t gang);
  void HoldWithoutTenant(std::uint32_t gang);
  void Finish();

 private:
  // Gangs with equal keys fare alike once one of them was held: nothing grows within a cycle.  For
  // those that top up: and add to equally many devices.
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, Rank, std::int64_t, bool,
                         std::int64_t>;
  Key KeyOf(std::uint32_t gang) const;
  Reserved* FindReserved(std::uint32_t gang);
  bool IsTaken(const Reserved& reserved) const;

  bool TryStart(std::uint32_t gang);
  // How it would go where a place is kept for it.
  std::vector<Place> KeptPodsOf(std::uint32_t gang);
  void KeepSlot(std::uint32_t gang);
  void GiveUpSlot();
  Why ExplainSlots(std::uint32_t gang);
  std::string SlotText(const TimedPlace& slot) const;
  void Begin(std::uint32_t gang, Placed placed);
  void Keep(const Reserved& reserved, Wide sign);
  void MakeRoom(std::uint32_t gang, Room room);
  const Why& ExplainNodes(std::uint32_t gang);
  Why ExplainHold(std::uint32_t gang, const Refusal& refusal, const Room& room);
  void WakeAtNextBand();
  void WakeAt(std::int64_t unix_ms);

  Cycle& cycle_;
  Classes classes_;
  Preemption preemption_;
  SlotBook slots_;
  std::map<Key, std::pair<Reason, std::uint32_t>> held_;
  // By sig: why it does not fit, told when so many decisions had changed the nodes.
  std::map<std::uint32_t, std::pair<std::int64_t, Why>> unplaced_;
  std::int64_t changes_ = 0;
};

}  // namespace muster::sched
