// What a decision costs: one delta, one placement, and a cycle at 1,000 nodes.
#include <benchmark/benchmark.h>

#include <string>

#include "muster/sched/schedule.h"

namespace muster::sched {
namespace {

constexpr int kTenants = 10;
constexpr std::int64_t kNowMs = 1'700'000'000'000;

Shape ShapeOf(std::int64_t gpus, std::int64_t milli_cpu) {
  Shape shape;
  shape.request = {{"cpu", milli_cpu}, {"memory", 1024}};
  if (gpus > 0) shape.request.emplace_back("nvidia.com/gpu", gpus);
  return shape;
}

std::string TenantName(int i) { return "tenant-" + std::to_string(i % kTenants); }

World Cluster(int nodes) {
  World world;
  world.SetNow({kNowMs});
  for (int i = 0; i < nodes; ++i) {
    Node node;
    node.name = "node-" + std::to_string(10'000 + i);
    node.ready = true;
    node.allocatable = {{"cpu", 32'000}, {"memory", 262'144}, {"nvidia.com/gpu", 8}};
    world.SetNode(node);
  }
  for (int i = 0; i < kTenants; ++i) {
    Tenant tenant;
    tenant.name = TenantName(i);
    tenant.guaranteed = {{"nvidia.com/gpu", nodes * 8 / kTenants}};
    world.SetTenant(tenant);
  }
  return world;
}

Gang Pending(World& world, int i, std::int32_t replicas, const Shape& shape) {
  Gang gang;
  gang.uid = "uid-" + std::to_string(1'000'000 + i);
  gang.ns = gang.tenant = TenantName(i);
  gang.name = gang.ns + "/job-" + std::to_string(i);
  gang.tasks = {{"main", world.InternShape(shape), replicas, {}}};
  gang.min_replicas = replicas;
  gang.submit = gang.pending_since = {kNowMs - 60'000 + i};
  return gang;
}

Occupant PodOf(const Gang& gang, const std::string& node, std::int64_t gpus) {
  Occupant occupant;
  occupant.key = gang.uid + "/" + node;
  occupant.node = node;
  occupant.gang = gang.uid;
  occupant.tenant = gang.tenant;
  occupant.ns = gang.ns;
  occupant.amounts = {{"cpu", 1000}, {"memory", 1024}, {"nvidia.com/gpu", gpus}};
  return occupant;
}

// Each node is full of a running gang of its own.
void Fill(World& world, int nodes) {
  for (int i = 0; i < nodes; ++i) {
    Gang gang = Pending(world, 500'000 + i, 0, ShapeOf(8, 1000));
    gang.state = GangState::kRunning;
    gang.started = {kNowMs - 1'000'000 + i};
    world.SetGang(gang);
    world.SetOccupant(PodOf(gang, "node-" + std::to_string(10'000 + i), 8));
  }
}

void SnapshotUpdate(benchmark::State& state) {
  World world = Cluster(1000);
  Fill(world, 1000);
  Occupant pod = PodOf(world.gang(GangId{0}), "node-10001", 8);
  for (auto _ : state) {
    pod.amounts[0].second ^= 1;
    world.SetOccupant(pod);
  }
}
BENCHMARK(SnapshotUpdate);

// A cycle that starts one gang of one pod, then the pod comes and goes.
void OnePlacement(benchmark::State& state) {
  const int nodes = static_cast<int>(state.range(0));
  World world = Cluster(nodes);
  Cache cache;
  const Policy policy;
  int i = 0;
  for (auto _ : state) {
    const Gang gang = Pending(world, i++, 1, ShapeOf(1, 500));
    world.SetGang(gang);
    benchmark::DoNotOptimize(Schedule(world, policy, cache));
    world.RemoveGang(gang.uid);
  }
}
BENCHMARK(OnePlacement)->Arg(100)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

// 10,000 gangs of 20 classes wait on 1,000 full nodes.
void CycleNothingFits(benchmark::State& state) {
  World world = Cluster(1000);
  Fill(world, 1000);
  for (int i = 0; i < 10'000; ++i) {
    world.SetGang(Pending(world, i, 1 + i / kTenants % 4, ShapeOf(1 + i / kTenants % 5, 500)));
  }
  Cache cache;
  Policy policy;
  policy.slots = static_cast<std::int32_t>(state.range(0));
  world.SetReservations(Schedule(world, policy, cache).reservations);
  for (auto _ : state) benchmark::DoNotOptimize(Schedule(world, policy, cache));
  state.counters["held"] = static_cast<double>(Schedule(world, policy, cache).holds.size());
}
BENCHMARK(CycleNothingFits)->ArgName("slots")->Arg(0)->Arg(8)->Unit(benchmark::kMillisecond);

// The same, and a pod changes between cycles.
void CycleOneChange(benchmark::State& state) {
  World world = Cluster(1000);
  Fill(world, 1000);
  for (int i = 0; i < 10'000; ++i) {
    world.SetGang(Pending(world, i, 1 + i / kTenants % 4, ShapeOf(1 + i / kTenants % 5, 500)));
  }
  Cache cache;
  const Policy policy;
  Occupant pod = PodOf(*world.FindGang("uid-1500000"), "node-10000", 8);
  world.SetReservations(Schedule(world, policy, cache).reservations);
  for (auto _ : state) {
    pod.amounts[0].second ^= 1;
    world.SetOccupant(pod);
    benchmark::DoNotOptimize(Schedule(world, policy, cache));
  }
}
BENCHMARK(CycleOneChange)->Unit(benchmark::kMillisecond);

// 4,000 singles start in one cycle on 1,000 empty nodes.
void CycleStarts(benchmark::State& state) {
  World world = Cluster(1000);
  for (int i = 0; i < 4000; ++i) world.SetGang(Pending(world, i, 1, ShapeOf(0, 500)));
  Cache cache;
  const Policy policy;
  for (auto _ : state) benchmark::DoNotOptimize(Schedule(world, policy, cache));
  state.counters["started"] = static_cast<double>(Schedule(world, policy, cache).starts.size());
}
BENCHMARK(CycleStarts)->Unit(benchmark::kMillisecond);

// One gang of 4,000 pods.
void CycleOneLargeGang(benchmark::State& state) {
  World world = Cluster(1000);
  world.SetGang(Pending(world, 0, 4000, ShapeOf(0, 500)));
  Cache cache;
  const Policy policy;
  for (auto _ : state) benchmark::DoNotOptimize(Schedule(world, policy, cache));
}
BENCHMARK(CycleOneLargeGang)->Unit(benchmark::kMillisecond);

// A tenant reclaims its guarantee: one gang of 32 GPUs from 1,000 borrowers.
void Preempt(benchmark::State& state) {
  World world = Cluster(1000);
  Fill(world, 1000);
  Tenant owner;
  owner.name = "owner";
  owner.guaranteed = {{"nvidia.com/gpu", 64}};
  for (int i = 0; i < kTenants; ++i) {
    Tenant tenant;
    tenant.name = TenantName(i);
    world.SetTenant(tenant);
  }
  world.SetTenant(owner);
  Gang gang = Pending(world, 1, 4, ShapeOf(8, 500));
  gang.tenant = gang.ns = "owner";
  world.SetGang(gang);
  Cache cache;
  const Policy policy;
  for (auto _ : state) benchmark::DoNotOptimize(Schedule(world, policy, cache));
  state.counters["evictions"] =
      static_cast<double>(Schedule(world, policy, cache).evictions.size());
}
BENCHMARK(Preempt)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::sched
