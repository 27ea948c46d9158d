#include "sched/model/world_state.h"

#include <algorithm>
#include <utility>

namespace muster::sched {
namespace {

constexpr std::size_t kJournalMax = 1 << 16;

bool IsLimit(std::string_view name) { return name.substr(0, 7) == "limits."; }

void ErasePorts(std::vector<Port>& ports, const std::vector<Port>& gone) {
  for (const Port& port : gone) {
    const auto it = std::find(ports.begin(), ports.end(), port);
    if (it != ports.end()) ports.erase(it);
  }
}

}  // namespace

ResourceId WorldState::Resource(std::string_view name) {
  const auto it = resource_ids.find(name);
  if (it != resource_ids.end()) return it->second;
  const ResourceId id{static_cast<std::uint32_t>(resource_names.size())};
  resource_names.emplace_back(name);
  resource_is_limit.push_back(IsLimit(name));
  resource_ids.emplace(std::string(name), id);
  columns.emplace_back();
  return id;
}

std::optional<ResourceId> WorldState::FindResource(std::string_view name) const {
  const auto it = resource_ids.find(name);
  if (it == resource_ids.end()) return std::nullopt;
  return it->second;
}

Vec WorldState::Intern(const Amounts& amounts, Kind kind) {
  Vec vec;
  for (const auto& [name, amount] : amounts) {
    if (amount > 0 && IsLimit(name) == (kind == Kind::kLimits)) AddTo(vec, Resource(name), amount);
  }
  return vec;
}

Limits WorldState::InternLimits(const Amounts& amounts) {
  std::map<ResourceId, std::int64_t> least;
  for (const auto& [name, amount] : amounts) {
    const std::int64_t ceiling = std::clamp<std::int64_t>(amount, 0, kMaxAmount);
    const auto [it, fresh] = least.emplace(Resource(name), ceiling);
    if (!fresh) it->second = std::min(it->second, ceiling);
  }
  return Limits(least.begin(), least.end());
}

Amounts WorldState::Extern(const Sums& sums) const {
  Amounts amounts;
  for (const auto& [resource, amount] : sums.entries()) {
    amounts.emplace_back(Name(resource), Clamp(amount));
  }
  std::sort(amounts.begin(), amounts.end());
  return amounts;
}

std::int64_t WorldState::AllocatableOf(ResourceId resource, std::uint32_t row) const {
  const auto& column = columns[resource.value].allocatable;
  return row < column.size() ? column[row] : 0;
}

Wide WorldState::UsedOf(ResourceId resource, std::uint32_t row) const {
  const auto& column = columns[resource.value].used;
  return row < column.size() ? column[row] : 0;
}

std::int64_t WorldState::FreeOf(ResourceId resource, std::uint32_t row) const {
  return Clamp(Wide{AllocatableOf(resource, row)} - UsedOf(resource, row));
}

void WorldState::Touch(std::uint32_t row) {
  if (journal.size() >= kJournalMax) {
    const auto half = static_cast<std::ptrdiff_t>(kJournalMax / 2);
    journal.erase(journal.begin(), journal.begin() + half);
    journal_base += kJournalMax / 2;
  }
  journal.push_back(row);
}

void WorldState::Contribute(std::uint32_t row, Wide sign) {
  const NodeSlot& slot = nodes[row];
  if (!slot.node || (!slot.schedulable() && slot.of_tenants == 0)) return;
  capacity.Add(slot.allocatable, sign);
  for (const auto& [resource, amount] : slot.of_nobody.entries()) {
    capacity.Add(resource, -sign * amount);
  }
}

void WorldState::Allocate(std::uint32_t row, const Vec& vec, Wide sign) {
  for (const auto& [resource, amount] : vec) {
    auto& column = columns[resource.value].allocatable;
    if (column.size() <= row) column.resize(row + 1);
    column[row] = sign > 0 ? amount : 0;
  }
  allocatable.Add(vec, sign);
  NoteOver(row, vec);
}

void WorldState::NoteOver(std::uint32_t row, const Vec& changed) {
  std::vector<ResourceId>& over = nodes[row].over;
  for (const auto& [resource, amount] : changed) {
    const auto at = std::lower_bound(over.begin(), over.end(), resource);
    const bool known = at != over.end() && *at == resource;
    const bool is = UsedOf(resource, row) > AllocatableOf(resource, row);
    if (is && !known) over.insert(at, resource);
    if (known && !is) over.erase(at);
  }
}

void WorldState::SetNode(const Node& node) {
  const std::uint32_t found = nodes.Find(node.name);
  if (found != kNoSlot && nodes[found].node == node) return;
  const std::uint32_t row = nodes.Acquire(node.name);
  if (nodes[row].node) nodes.Release(row);  // it had its own reference already
  Contribute(row, -1);
  NodeSlot& slot = nodes[row];
  Allocate(row, slot.allocatable, -1);
  slot.node = node;
  slot.allocatable = Intern(node.allocatable);
  slot.version = ++generation;
  Allocate(row, slot.allocatable, 1);
  Contribute(row, 1);
  Touch(row);
}

void WorldState::RemoveNode(std::string_view name) {
  const std::uint32_t row = nodes.Find(name);
  if (row == kNoSlot || !nodes[row].node) return;
  Contribute(row, -1);
  NodeSlot& slot = nodes[row];
  Allocate(row, slot.allocatable, -1);
  slot.node.reset();
  slot.allocatable.clear();
  slot.version = ++generation;
  Touch(row);
  nodes.Release(row);
}

void WorldState::Count(const OccupantSlot& slot, Wide sign) {
  if (slot.gang != kNoSlot) gangs[slot.gang].holds.Add(slot.amounts, sign);
  if (slot.tenant != kNoSlot) tenants[slot.tenant].used.Add(slot.amounts, sign);
  if (slot.ns != kNoSlot) {
    namespaces[slot.ns].used.Add(slot.amounts, sign);
    namespaces[slot.ns].used.Add(slot.limit_amounts, sign);
  }
  if (slot.node == kNoSlot) return;
  NodeSlot& node = nodes[slot.node];
  if (slot.tenant == kNoSlot) {
    node.of_nobody.Add(slot.amounts, sign);
  } else {
    node.of_tenants += static_cast<std::int64_t>(sign);
  }
  for (const auto& [resource, amount] : slot.amounts) {
    auto& column = columns[resource.value].used;
    if (column.size() <= slot.node) column.resize(slot.node + 1);
    column[slot.node] += sign * amount;
  }
  NoteOver(slot.node, slot.amounts);
}

void WorldState::Occupy(const Occupant& value, OccupantSlot& slot, std::uint32_t id) {
  slot.amounts = Intern(value.amounts);
  slot.limit_amounts = Intern(value.amounts, Kind::kLimits);
  slot.ports = value.ports;
  if (!value.node.empty()) slot.node = nodes.Acquire(value.node);
  if (!value.tenant.empty()) slot.tenant = tenants.Acquire(value.tenant);
  if (!value.ns.empty()) slot.ns = namespaces.Acquire(value.ns);
  if (!value.gang.empty()) {
    slot.gang = gangs.Acquire(value.gang);
    gangs[slot.gang].occupants.push_back(id);
  }
  slot.ties = ties.Acquire(value.ties);
  if (slot.node != kNoSlot) Contribute(slot.node, -1);
  Count(slot, 1);
  if (slot.node == kNoSlot) return;
  Contribute(slot.node, 1);
  ties.Count(slot.ties, slot.node, 1);
  auto& ports = nodes[slot.node].ports;
  ports.insert(ports.end(), value.ports.begin(), value.ports.end());
  Touch(slot.node);
}

void WorldState::Vacate(OccupantSlot& slot, std::uint32_t id) {
  if (slot.node != kNoSlot) Contribute(slot.node, -1);
  Count(slot, -1);
  if (slot.node != kNoSlot) {
    Contribute(slot.node, 1);
    ErasePorts(nodes[slot.node].ports, slot.ports);
    ties.Count(slot.ties, slot.node, -1);
    Touch(slot.node);
  }
  if (slot.gang != kNoSlot) std::erase(gangs[slot.gang].occupants, id);
  nodes.Release(slot.node);
  tenants.Release(slot.tenant);
  namespaces.Release(slot.ns);
  gangs.Release(slot.gang);
  ties.Release(slot.ties);
  slot.node = slot.tenant = slot.ns = slot.gang = slot.ties = kNoSlot;
}

bool WorldState::Is(const OccupantSlot& slot, const Occupant& occupant) {
  const auto named = [](const auto& slots, std::uint32_t id, const std::string& name) {
    return id == kNoSlot ? name.empty() : slots.name(id) == name;
  };
  return named(nodes, slot.node, occupant.node) && named(gangs, slot.gang, occupant.gang) &&
         named(tenants, slot.tenant, occupant.tenant) && named(namespaces, slot.ns, occupant.ns) &&
         slot.amounts == Intern(occupant.amounts) &&
         slot.limit_amounts == Intern(occupant.amounts, Kind::kLimits) &&
         slot.ports == occupant.ports && ties.Is(slot.ties, occupant.ties);
}

void WorldState::SetOccupant(const Occupant& occupant) {
  std::uint32_t id = occupants.Find(occupant.key);
  if (id != kNoSlot) {
    if (Is(occupants[id], occupant)) return;
    Vacate(occupants[id], id);
  } else {
    id = occupants.Acquire(occupant.key);
  }
  Occupy(occupant, occupants[id], id);
  ++generation;
}

void WorldState::RemoveOccupant(std::string_view key) {
  const std::uint32_t id = occupants.Find(key);
  if (id == kNoSlot) return;
  Vacate(occupants[id], id);
  occupants.Release(id);
  ++generation;
}

}  // namespace muster::sched
