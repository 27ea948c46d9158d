// Least left over, so that whole GPU nodes stay whole.
//
//   with GPUs:     fewest GPUs left on the node, then least CPU left
//   CPU only:      a node without GPUs, then the one with the fewest free GPUs (one that is in use
//                  anyway), then least CPU left
//
// Points: 400 for each GPU left (up to 248), each of them split by the CPU left in 399 steps, about
// 16 a doubling, so that small nodes are told apart as well as large ones.
#include <algorithm>

#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

constexpr std::int64_t kGpuStep = 400;
constexpr std::int64_t kMostGpus = 248;

// About 16 steps a doubling: monotone, 0 for nothing, below kGpuStep for anything.
std::int64_t Coarse(std::int64_t amount) {
  if (amount <= 0) return 0;
  std::int64_t step = 0;
  while (amount >= 32 && step < kGpuStep) {
    amount /= 2;
    step += 16;
  }
  return std::min<std::int64_t>(step + amount, kGpuStep - 1);
}

std::int64_t Points(const Wanted& wanted, const NodeView& node) {
  const WorldState& world = wanted.world;
  std::int64_t gpus_left = 0;
  std::int64_t cpu_left = 0;
  bool bonus = false;
  if (const auto gpu = world.FindResource(wanted.policy.device_resource)) {
    const std::int64_t need = AmountOf(wanted.shape.request, *gpu);
    gpus_left = std::clamp<std::int64_t>(node.Free(world, *gpu) - need, 0, kMostGpus);
    bonus = need == 0 && world.AllocatableOf(*gpu, node.row) == 0;
  }
  if (const auto cpu = world.FindResource("cpu")) {
    cpu_left = node.Free(world, *cpu) - AmountOf(wanted.shape.request, *cpu);
  }
  const std::int64_t gpu_rank = bonus ? 0 : gpus_left + 1;
  return kFullScore - gpu_rank * kGpuStep - Coarse(cpu_left);
}

}  // namespace

Score BestFitScore() { return {"best_fit", Points}; }

}  // namespace muster::sched
