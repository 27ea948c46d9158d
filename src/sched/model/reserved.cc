#include "sched/model/reserved.h"

#include <algorithm>
#include <map>

namespace muster::sched {
namespace {

Vec Find(const WorldState& world, const Amounts& amounts) {
  Vec vec;
  for (const auto& [name, amount] : amounts) {
    // A resource that nothing in the World names needs no keeping.
    if (const auto id = world.FindResource(name)) AddTo(vec, *id, amount);
  }
  return vec;
}

// Those pods of which the gang has as many, if they take what is kept.
std::vector<Place> PodsOf(const WorldState& world, const Reserved& reserved) {
  std::vector<Place> pods;
  std::map<std::uint32_t, Sums> sums;
  const std::vector<SigTask>& tasks = world.sigs[world.gangs[reserved.gang].sig].tasks;
  for (const KeptPods& kept : reserved.reservation->pods) {
    const std::uint32_t row = world.nodes.Find(kept.node);
    const auto task = static_cast<std::size_t>(kept.task);
    if (row == kNoSlot || kept.task < 0 || task >= tasks.size()) return {};
    pods.push_back({Row{row}, kept.task, kept.count});
    sums[row].Add(world.shapes[tasks[task].shape.value].request, kept.count);
  }
  for (const auto& [row, vec] : reserved.places) {
    Sums left;
    left.Add(vec, 1);
    left.Add(sums[row], -1);
    for (const auto& [resource, amount] : left.entries()) {
      if (amount != 0) return {};
    }
  }
  return pods;
}

// Whether its gang still waits, and every node of it can be used.
bool Resolve(const WorldState& world, Reserved& reserved) {
  const Reservation& r = *reserved.reservation;
  reserved.gang = world.gangs.Find(r.gang);
  if (reserved.gang == kNoSlot) return false;
  const auto& gang = world.gangs[reserved.gang].gang;
  if (!gang || gang->state != GangState::kPending) return false;
  for (const auto& [name, amounts] : r.nodes) {
    const std::uint32_t row = world.nodes.Find(name);
    if (row == kNoSlot || !world.nodes[row].schedulable()) return false;
    reserved.places.emplace_back(row, Find(world, amounts));
    reserved.amounts.Add(reserved.places.back().second, 1);
  }
  reserved.pods = PodsOf(world, reserved);
  return true;
}

std::map<std::uint32_t, Sums> HeldBy(const WorldState& world,
                                     const std::vector<std::uint32_t>& victims) {
  std::map<std::uint32_t, Sums> held;
  for (const std::uint32_t victim : victims) {
    for (const std::uint32_t id : world.gangs[victim].occupants) {
      const OccupantSlot& occupant = world.occupants[id];
      if (occupant.node != kNoSlot) held[occupant.node].Add(occupant.amounts, 1);
    }
  }
  return held;
}

}  // namespace

std::vector<std::pair<std::uint32_t, Vec>> ExtraOf(
    const WorldState& world, const std::vector<std::pair<std::uint32_t, Vec>>& places,
    const std::vector<std::uint32_t>& victims) {
  std::map<std::uint32_t, Sums> held = HeldBy(world, victims);
  std::vector<std::pair<std::uint32_t, Vec>> extra;
  for (const auto& [row, vec] : places) {
    Vec rest;
    for (const auto& [resource, amount] : vec) {
      AddTo(rest, resource, Clamp(Wide{amount} - held[row].Of(resource)));
    }
    extra.emplace_back(row, std::move(rest));
  }
  return extra;
}

std::vector<std::pair<std::uint32_t, Vec>> SurplusOf(
    const WorldState& world, const std::vector<std::pair<std::uint32_t, Vec>>& places,
    const std::vector<std::uint32_t>& victims) {
  std::map<std::uint32_t, Sums> held = HeldBy(world, victims);
  for (const auto& [row, vec] : places) held[row].Add(vec, -1);
  std::vector<std::pair<std::uint32_t, Vec>> surplus;
  for (const auto& [row, sums] : held) {
    Vec rest;
    for (const auto& [resource, amount] : sums.entries()) AddTo(rest, resource, Clamp(amount));
    surplus.emplace_back(row, std::move(rest));
  }
  return surplus;
}

std::vector<Reserved> LiveSlots(const WorldState& world) {
  std::vector<Reserved> live;
  for (const Reservation& reservation : world.reservations) {
    if (reservation.from.unix_ms == 0) continue;
    Reserved reserved;
    reserved.reservation = &reservation;
    if (Resolve(world, reserved)) live.push_back(std::move(reserved));
  }
  return live;
}

std::vector<Reserved> LiveReservations(const WorldState& world) {
  std::vector<Reserved> live;
  for (const Reservation& reservation : world.reservations) {
    if (reservation.from.unix_ms != 0 || reservation.until <= world.now) continue;
    Reserved reserved;
    reserved.reservation = &reservation;
    if (Resolve(world, reserved)) live.push_back(std::move(reserved));
  }
  if (live.empty()) return live;
  for (const std::uint32_t id : world.Gangs(GangState::kReleasing)) {
    const std::string& beneficiary = world.gangs[id].gang->beneficiary;
    const auto it = std::lower_bound(
        live.begin(), live.end(), beneficiary,
        [](const Reserved& r, const std::string& uid) { return r.reservation->gang < uid; });
    if (it != live.end() && it->reservation->gang == beneficiary) it->victims.push_back(id);
  }
  for (Reserved& reserved : live) {
    std::sort(reserved.victims.begin(), reserved.victims.end(),
              [&](auto a, auto b) { return world.gangs[a].gang->uid < world.gangs[b].gang->uid; });
    reserved.extra = ExtraOf(world, reserved.places, reserved.victims);
  }
  return live;
}

}  // namespace muster::sched
