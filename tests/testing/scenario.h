// Builds Worlds the way one would draw them on a whiteboard, for tests of the core.
//
//   Scenario().Node("a", 8).Tenant("t").Job("t/j", 2, 4).Plan()
//
// Times are in seconds; now is 1,000,000.  Names of jobs are "namespace/name"; the tenant is the
// namespace unless said otherwise; the uid is the name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "muster/sched/schedule.h"

namespace muster::sched::testing {

inline constexpr std::int64_t kNow = 1'000'000;

inline base::TimePoint Seconds(std::int64_t seconds) { return {seconds * 1000}; }

inline Amounts Gpus(std::int64_t gpus) {
  return gpus > 0 ? Amounts{{"nvidia.com/gpu", gpus}} : Amounts{};
}

// A request of GPUs, with one core and one GiB each where the caller says nothing else.
inline Amounts Request(std::int64_t gpus, std::int64_t milli_cpu = 1000) {
  Amounts amounts = {{"cpu", milli_cpu}, {"memory", 1024}};
  if (gpus > 0) amounts.emplace_back("nvidia.com/gpu", gpus);
  return amounts;
}

inline Node MakeNode(const std::string& name, std::int64_t gpus, std::int64_t cores = 64) {
  Node node;
  node.name = name;
  node.ready = true;
  node.labels["kubernetes.io/hostname"] = name;
  node.allocatable = {{"cpu", cores * 1000}, {"memory", 512 * 1024}};
  if (gpus > 0) node.allocatable.emplace_back("nvidia.com/gpu", gpus);
  return node;
}

class Scenario {
 public:
  World world;
  Policy policy;
  Cache cache;

  Scenario() { world.SetNow(Seconds(kNow)); }

  Scenario& Node(const std::string& name, std::int64_t gpus, std::int64_t cores = 64) {
    world.SetNode(MakeNode(name, gpus, cores));
    return *this;
  }
  Scenario& Node(const sched::Node& node) {
    world.SetNode(node);
    return *this;
  }
  Scenario& Tenant(const std::string& name, std::int64_t guaranteed = 0, std::int64_t hard = -1) {
    sched::Tenant tenant;
    tenant.name = name;
    tenant.guaranteed = Gpus(guaranteed);
    if (hard >= 0) tenant.hard = {{"nvidia.com/gpu", hard}};
    world.SetTenant(tenant);
    return *this;
  }
  Scenario& Tenant(const sched::Tenant& tenant) {
    world.SetTenant(tenant);
    return *this;
  }

  // A gang of one task "main", not yet in the World.  Submitted in order of call.
  Gang MakeGang(const std::string& name, std::int32_t replicas, const Shape& shape) {
    Gang gang;
    gang.uid = gang.name = name;
    gang.ns = gang.tenant = name.substr(0, name.find('/'));
    gang.tasks = {{"main", world.InternShape(shape), replicas, {}}};
    gang.min_replicas = replicas;
    gang.submit = gang.pending_since = Seconds(kNow - 1000 + ++submitted_);
    return gang;
  }
  Gang MakeGang(const std::string& name, std::int32_t replicas, std::int64_t gpus) {
    Shape shape;
    shape.request = Request(gpus);
    return MakeGang(name, replicas, shape);
  }

  Scenario& Job(const std::string& name, std::int32_t replicas, std::int64_t gpus,
                std::int32_t priority = 500) {
    Gang gang = MakeGang(name, replicas, gpus);
    gang.priority = priority;
    world.SetGang(gang);
    return *this;
  }
  Scenario& Job(const Gang& gang) {
    world.SetGang(gang);
    return *this;
  }

  // A gang that runs: `gpus` on each of the nodes, started `age` seconds ago.
  Scenario& Running(const std::string& name, const std::vector<std::string>& nodes,
                    std::int64_t gpus, std::int32_t priority = 500, std::int64_t age = 100) {
    Gang gang = MakeGang(name, 0, gpus);
    gang.priority = priority;
    gang.started = Seconds(kNow - age);
    return Running(gang, nodes, gpus);
  }
  Scenario& Running(Gang gang, const std::vector<std::string>& nodes, std::int64_t gpus) {
    if (gang.state == GangState::kPending && gang.tasks[0].replicas == 0) {
      gang.state = GangState::kRunning;
    }
    world.SetGang(gang);
    for (const std::string& node : nodes) Occupy(gang, node, Request(gpus));
    return *this;
  }
  Scenario& Occupy(const Gang& gang, const std::string& node, const Amounts& amounts) {
    Occupant occupant;
    occupant.key = gang.uid + "#" + std::to_string(++occupants_);
    occupant.node = node;
    occupant.gang = gang.uid;
    occupant.tenant = gang.tenant;
    occupant.ns = gang.ns;
    occupant.amounts = amounts;
    world.SetOccupant(occupant);
    return *this;
  }

  sched::Plan Decide() { return Schedule(world, policy, cache); }
  std::string Plan() { return ToText(Decide(), world); }

 private:
  std::int64_t submitted_ = 0;
  std::int64_t occupants_ = 0;
};

}  // namespace muster::sched::testing
