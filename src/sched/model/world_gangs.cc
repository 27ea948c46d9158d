// The gangs of the World: lists by state, and what is equal among those that ask for the same.
#include <algorithm>

#include "sched/model/world_state.h"

namespace muster::sched {
namespace {

constexpr std::int32_t kMaxReplicas = 1'000'000;  // sums of them stay far from overflow

// Equal keys ask for the same, and the same sentences fit them.
std::string SigKey(const Gang& gang) {
  std::string key = std::to_string(gang.min_replicas);
  for (const GangTask& task : gang.tasks) {
    key += '|' + std::to_string(task.shape.value) + ':' + std::to_string(task.replicas);
    if (gang.tasks.size() > 1) key += ' ' + task.name;
    for (const auto& [name, amount] : task.limits) {
      key += ',' + name + '=' + std::to_string(amount);
    }
    if (!task.ties.empty()) key += '\n' + TieBook::KeyOf(task.ties);
  }
  return key;
}

}  // namespace

std::uint32_t WorldState::AcquireSig(const Gang& gang) {
  const std::uint32_t id = sigs.Acquire(SigKey(gang));
  SigSlot& sig = sigs[id];
  if (!sig.tasks.empty()) return id;
  std::int64_t replicas = 0;
  for (const GangTask& task : gang.tasks) {
    sig.tasks.push_back({task.shape, std::clamp(task.replicas, 0, kMaxReplicas), {}});
    sig.tasks.back().ties = ties.Find(task.ties);
    sig.tasks.back().limits.Add(Intern(task.limits, Kind::kLimits), 1);
    replicas += sig.tasks.back().replicas;
  }
  sig.replicas = static_cast<std::int32_t>(std::min<std::int64_t>(replicas, kMaxReplicas));
  sig.least = std::min(sig.replicas, std::max(gang.min_replicas, 1));
  return id;
}

void WorldState::Enlist(std::uint32_t id) {
  GangSlot& slot = gangs[id];
  const Gang& gang = *slot.gang;
  auto& list = by_state[static_cast<int>(gang.state)];
  slot.position = static_cast<std::uint32_t>(list.size());
  list.push_back(id);
  if (!gang.tenant.empty()) slot.tenant = tenants.Acquire(gang.tenant);
  if (!gang.ns.empty()) slot.ns = namespaces.Acquire(gang.ns);
  if (gang.state == GangState::kPending) {
    for (const GangTask& task : gang.tasks) {
      if (!task.ties.empty()) slot.ties.push_back(ties.Acquire(task.ties));
    }
    slot.sig = AcquireSig(gang);
  }
  if (slot.tenant == kNoSlot) return;
  TenantSlot& tenant = tenants[slot.tenant];
  ++(gang.state == GangState::kPending ? tenant.pending : tenant.running);
}

void WorldState::Delist(std::uint32_t id) {
  GangSlot& slot = gangs[id];
  auto& list = by_state[static_cast<int>(slot.gang->state)];
  gangs[list.back()].position = slot.position;
  list[slot.position] = list.back();
  list.pop_back();
  if (slot.tenant != kNoSlot) {
    TenantSlot& tenant = tenants[slot.tenant];
    --(slot.gang->state == GangState::kPending ? tenant.pending : tenant.running);
  }
  tenants.Release(slot.tenant);
  namespaces.Release(slot.ns);
  sigs.Release(slot.sig);
  for (const std::uint32_t held : slot.ties) ties.Release(held);
  slot.ties.clear();
  slot.tenant = slot.ns = slot.sig = kNoSlot;
}

void WorldState::SetGang(const Gang& gang) {
  const std::uint32_t found = gangs.Find(gang.uid);
  if (found != kNoSlot && gangs[found].gang == gang) return;
  const std::uint32_t id = gangs.Acquire(gang.uid);
  if (gangs[id].gang) {
    Delist(id);
    gangs.Release(id);  // it had its own reference already
  }
  gangs[id].gang = gang;
  Enlist(id);
  ++generation;
}

void WorldState::RemoveGang(std::string_view uid) {
  const std::uint32_t id = gangs.Find(uid);
  if (id == kNoSlot || !gangs[id].gang) return;
  Delist(id);
  gangs[id].gang.reset();
  gangs.Release(id);
  ++generation;
}

}  // namespace muster::sched
