// One cycle in the making: what the steps of schedule.cc share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/sched/schedule.h"
#include "sched/model/quota.h"
#include "sched/model/reserved.h"
#include "sched/shape_index.h"
#include "sched/trial.h"

namespace muster::sched {

struct Cache::State {
  Policy policy;
  std::uint64_t generation = 0;
  std::uint64_t cycle = 0;
  Overlay overlay;
  std::map<ShapeId, ShapeIndex> indexes;
};

// What gangs that ask for the same have in common in this cycle.
struct Request {
  const SigSlot* sig = nullptr;
  std::vector<std::uint32_t> order;        // of tasks, largest dominant share of a replica first
  std::vector<std::int32_t> least_counts;  // the replicas of the smallest legal start, by task
  Sums all, all_limits;
  Sums least, least_limits;
  bool tied = false;  // other pods may keep one of its tasks from a node
};

struct Cycle {
  Cycle(const World& world, const Policy& policy, Cache::State& cache);

  const World& world;
  const WorldState& state;
  const Policy& policy;
  Cache::State& cache;
  Plugins plugins;
  QuotaBook quota;
  std::optional<ResourceId> device;
  std::vector<Reserved> reserved;
  Plan plan;
  // For texts: the gangs that hold most of a resource (explain.cc).
  std::map<ResourceId, std::vector<std::uint32_t>> holders;

  const GangSlot& Slot(std::uint32_t gang) const { return state.gangs[gang]; }
  const Gang& At(std::uint32_t gang) const { return *state.gangs[gang].gang; }
  // Whether it adds replicas to a gang that holds a place already: itself, or Gang::more_of.
  bool TopsUp(std::uint32_t gang) const;
  // What that gang holds.
  const Sums& HoldsOf(std::uint32_t gang) const { return Slot(BaseOf(gang)).holds; }
  std::uint32_t BaseOf(std::uint32_t gang) const;
  const Request& RequestOf(std::uint32_t gang);
  // Caught up with the overlay.
  ShapeIndex& IndexOf(ShapeId shape);
  Wanted WantedOf(ShapeId shape) const { return {state, policy, state.shapes[shape.value], shape}; }
  Wanted WantedOf(const SigTask& task) const {
    return {state, policy, state.shapes[task.shape.value], task.shape, task.ties};
  }
  bool IsTied(const SigTask& task) const { return task.ties != kNoSlot && !plugins.others.empty(); }
  // How many of its replicas other pods leave room for on a node.
  Answer RoomBeside(const SigTask& task, std::uint32_t row) const;
  // Gangs of the tenant that run, or have a start or a place kept for them.
  std::int32_t RunningOf(std::uint32_t tenant) const;
  void CountStart(std::uint32_t tenant, std::int32_t more = 1) { starts_[tenant] += more; }
  // What the gang holds of the resource on nodes that some task of the request could use.
  Wide UnitsOf(std::uint32_t gang, const Request& request, ResourceId resource);
  bool Touches(std::uint32_t gang, const std::vector<Place>& places) const;
  // In the Trial: the occupant counts no more for the quota of its namespace.
  void LeaveNamespace(Trial& trial, const OccupantSlot& occupant) const;
  std::uint32_t AddText(std::string text);
  void Hold(std::uint32_t gang, Reason reason, std::uint32_t text);

 private:
  std::vector<ResourceId> Needed() const;

  std::vector<std::unique_ptr<Request>> requests_;  // by sig
  std::map<std::uint32_t, std::int32_t> starts_;    // of this cycle, by tenant
};

}  // namespace muster::sched
