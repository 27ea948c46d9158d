// What becomes of one gang: start, wait for evictions, or hold with its reason.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "sched/explain.h"
#include "sched/place.h"

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
  explicit Decider(Cycle& cycle) : cycle_(cycle) {}

  void Decide(std::uint32_t gang);
  void HoldWithoutTenant(std::uint32_t gang);
  void Finish();

 private:
  // Gangs with equal keys fare alike once one of them was held: nothing grows within a cycle.
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::int32_t, bool>;
  Key KeyOf(std::uint32_t gang) const;
  bool TryStart(std::uint32_t gang);
  Why ExplainHold(std::uint32_t gang, const Refusal& refusal);
  void Begin(std::uint32_t gang, Placed placed);

  Cycle& cycle_;
  std::map<Key, std::pair<Reason, std::uint32_t>> held_;
};

}  // namespace muster::sched
