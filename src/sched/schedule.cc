#include "muster/sched/schedule.h"

#include <algorithm>

#include "sched/cycle.h"
#include "sched/decide.h"
#include "sched/policies/order.h"

namespace muster::sched {

Cache::Cache() : state_(std::make_unique<State>()) {}
Cache::~Cache() = default;
Cache::Cache(Cache&&) noexcept = default;
Cache& Cache::operator=(Cache&&) noexcept = default;

Plan Schedule(const World& world, const Policy& policy, Cache& cache) {
  // 1. What is there.
  Cycle cycle(world, policy, cache.state());
  // 2. Who waits: those that must be finished, those with a reservation, the rest; and what is kept
  //    for whom.
  const Waiting waiting = Sort(cycle);
  Decider decider(cycle, waiting.rest);
  for (const std::uint32_t gang : waiting.tenantless) decider.HoldWithoutTenant(gang);
  // 3. Groups that are bound in part come before every other decision.
  for (const std::uint32_t gang : waiting.finish_first) decider.Decide(gang);
  // 4. Then those for whom others made room.
  for (const std::uint32_t gang : waiting.reserved) decider.DecideReserved(gang);
  // 5. Then tenant by tenant in order of share, and in a tenant by priority.  What is blocked is
  //    passed over.
  FairOrder order(cycle, waiting.rest);
  while (const auto gang = order.Next()) decider.Decide(*gang);
  // 6. What must be remembered, and when to look again.
  decider.Finish();
  return std::move(cycle.plan);
}

}  // namespace muster::sched
