// The one decision: World and Policy in, Plan out.
//
// Threads: a pure function; each thread needs a Cache of its own.
#pragma once

#include <memory>

#include "muster/sched/plan.h"
#include "muster/sched/policy.h"
#include "muster/sched/world.h"

namespace muster::sched {

// Derived data kept between cycles (class fit tables, failure memo, cursors into the journal).
// With an empty Cache the Plan is the same, byte for byte.  One Cache follows one World.
class Cache {
 public:
  Cache();
  ~Cache();
  Cache(Cache&&) noexcept;
  Cache& operator=(Cache&&) noexcept;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// Decides one cycle.  Pure and deterministic: equal arguments give equal Plans.
// REQUIRES: every plugin named by `policy` is there (IsFilter, IsScore).
Plan Schedule(const World& world, const Policy& policy, Cache& cache);

// Whether there is one of this name; for the configuration's error message.
bool IsFilter(std::string_view name);
bool IsScore(std::string_view name);

}  // namespace muster::sched
