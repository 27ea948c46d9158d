#include "muster/sched/world.h"

#include <algorithm>

#include "muster/base/check.h"
#include "sched/model/reserved.h"
#include "sched/model/world_state.h"

namespace muster::sched {

World::World() : state_(std::make_unique<WorldState>()) {}
World::~World() = default;
World::World(const World& other) : state_(std::make_unique<WorldState>(*other.state_)) {}
World& World::operator=(const World& other) {
  if (this != &other) state_ = std::make_unique<WorldState>(*other.state_);
  return *this;
}
World::World(World&&) noexcept = default;
World& World::operator=(World&&) noexcept = default;

void World::SetNow(base::TimePoint now) { state_->now = now; }
base::TimePoint World::now() const { return state_->now; }
std::uint64_t World::generation() const { return state_->generation; }

void World::SetNode(const Node& node) { state_->SetNode(node); }
void World::RemoveNode(std::string_view name) { state_->RemoveNode(name); }
void World::SetGang(const Gang& gang) { state_->SetGang(gang); }
void World::RemoveGang(std::string_view uid) { state_->RemoveGang(uid); }
void World::SetOccupant(const Occupant& occupant) { state_->SetOccupant(occupant); }
void World::RemoveOccupant(std::string_view key) { state_->RemoveOccupant(key); }

void World::SetTenant(const Tenant& tenant) {
  WorldState& s = *state_;
  const std::uint32_t found = s.tenants.Find(tenant.name);
  if (found != kNoSlot && s.tenants[found].tenant == tenant) return;
  const std::uint32_t id = s.tenants.Acquire(tenant.name);
  if (s.tenants[id].tenant) s.tenants.Release(id);  // it had its own reference already
  TenantSlot& slot = s.tenants[id];
  slot.tenant = tenant;
  slot.guaranteed = s.Intern(tenant.guaranteed);
  slot.hard = s.InternLimits(tenant.hard);
  slot.borrow_limit = s.InternLimits(tenant.borrow_limit);
  slot.lending_limit = s.InternLimits(tenant.lending_limit);
  s.quota_generation = ++s.generation;
}

void World::RemoveTenant(std::string_view name) {
  WorldState& s = *state_;
  const std::uint32_t id = s.tenants.Find(name);
  if (id == kNoSlot || !s.tenants[id].tenant) return;
  TenantSlot& slot = s.tenants[id];
  slot.tenant.reset();
  slot.guaranteed.clear();
  slot.hard.clear();
  slot.borrow_limit.clear();
  slot.lending_limit.clear();
  s.tenants.Release(id);
  s.quota_generation = ++s.generation;
}

void World::SetNamespaceQuota(const NamespaceQuota& quota) {
  WorldState& s = *state_;
  const std::uint32_t found = s.namespaces.Find(quota.ns);
  if (found != kNoSlot && s.namespaces[found].quota == quota) return;
  const std::uint32_t id = s.namespaces.Acquire(quota.ns);
  if (s.namespaces[id].quota) s.namespaces.Release(id);  // it had its own reference already
  s.namespaces[id].quota = quota;
  s.namespaces[id].hard = s.InternLimits(quota.hard);
  s.quota_generation = ++s.generation;
}

void World::RemoveNamespaceQuota(std::string_view ns) {
  WorldState& s = *state_;
  const std::uint32_t id = s.namespaces.Find(ns);
  if (id == kNoSlot || !s.namespaces[id].quota) return;
  s.namespaces[id].quota.reset();
  s.namespaces[id].hard.clear();
  s.namespaces.Release(id);
  s.quota_generation = ++s.generation;
}

void World::SetBudget(const Budget& budget) {
  const auto [it, added] = state_->budgets.try_emplace(budget.name, budget.allowed);
  if (!added && it->second == budget.allowed) return;
  it->second = budget.allowed;
  ++state_->generation;
}

void World::RemoveBudget(std::string_view name) {
  const auto it = state_->budgets.find(name);
  if (it == state_->budgets.end()) return;
  state_->budgets.erase(it);
  ++state_->generation;
}

ShapeId World::InternShape(const Shape& shape) {
  WorldState& s = *state_;
  const auto it = s.shape_ids.find(shape);
  if (it != s.shape_ids.end()) return it->second;
  const ShapeId id{static_cast<std::uint32_t>(s.shapes.size())};
  s.shapes.push_back({shape, s.Intern(shape.request), {}});
  s.shapes.back().sums.Add(s.shapes.back().request, 1);
  s.shape_ids.emplace(shape, id);
  return id;
}

void World::SetReservations(std::vector<Reservation> reservations) {
  WorldState& s = *state_;
  std::erase_if(reservations, [&](const Reservation& r) {
    const std::uint32_t id = s.gangs.Find(r.gang);
    return (r.from.unix_ms == 0 && r.until <= s.now) || id == kNoSlot || !s.gangs[id].gang;
  });
  std::sort(reservations.begin(), reservations.end(),
            [](const Reservation& a, const Reservation& b) { return a.gang < b.gang; });
  if (reservations == s.reservations) return;
  s.reservations = std::move(reservations);
  ++s.generation;
}

std::vector<Reservation> World::reservations() const { return state_->reservations; }
std::size_t World::pending_count() const { return state_->Gangs(GangState::kPending).size(); }

const Node* World::FindNode(std::string_view name) const {
  const std::uint32_t row = state_->nodes.Find(name);
  if (row == kNoSlot || !state_->nodes[row].node) return nullptr;
  return &*state_->nodes[row].node;
}

const std::string& World::NodeName(Row row) const { return state_->nodes.name(row.value); }

const Gang* World::FindGang(std::string_view uid) const {
  const std::uint32_t id = state_->gangs.Find(uid);
  if (id == kNoSlot || !state_->gangs[id].gang) return nullptr;
  return &*state_->gangs[id].gang;
}

const Gang& World::gang(GangId id) const {
  MUSTER_CHECK(id.value < state_->gangs.size() && state_->gangs[id.value].gang);
  return *state_->gangs[id.value].gang;
}

UsageView World::TenantUsage(std::string_view tenant) const {
  const std::uint32_t id = state_->tenants.Find(tenant);
  if (id == kNoSlot) return {};
  const TenantSlot& slot = state_->tenants[id];
  UsageView view;
  view.used = state_->Extern(slot.used);
  view.running = slot.running;
  view.pending = slot.pending;
  const std::int64_t weight = slot.tenant ? slot.tenant->weight_milli : 1000;
  for (const auto& [resource, used] : slot.used.entries()) {
    const Wide capacity = state_->capacity.Of(resource);
    if (capacity <= 0 || used <= 0) continue;
    const Wide share = Wide{Clamp(used)} * 65536 * 1000 / capacity;
    view.share_q16 = std::max(view.share_q16, Clamp(weight > 0 ? share / weight : share));
    view.dominant_per_mille =
        std::max(view.dominant_per_mille, Clamp(Wide{Clamp(used)} * 1000 / capacity));
  }
  return view;
}

Amounts World::NamespaceUsage(std::string_view ns) const {
  const std::uint32_t id = state_->namespaces.Find(ns);
  return id == kNoSlot ? Amounts{} : state_->Extern(state_->namespaces[id].used);
}

std::optional<Amounts> World::FreeOn(std::string_view node) const {
  const WorldState& s = *state_;
  const std::uint32_t row = s.nodes.Find(node);
  if (row == kNoSlot || !s.nodes[row].node) return std::nullopt;
  Sums free;
  for (const auto& [resource, amount] : s.nodes[row].allocatable) {
    free.Add(resource, s.FreeOf(resource, row));
  }
  for (const Reserved& reserved : LiveReservations(s)) {
    for (const auto& [at, vec] : reserved.extra) {
      if (at == row) free.Add(vec, -1);
    }
  }
  Amounts amounts = s.Extern(free);
  std::erase_if(amounts, [](const auto& entry) { return entry.second <= 0; });
  return amounts;
}

Amounts World::OverOn(std::string_view node) const {
  const WorldState& s = *state_;
  const std::uint32_t row = s.nodes.Find(node);
  if (row == kNoSlot || !s.nodes[row].node) return {};
  Sums over;
  for (const ResourceId resource : s.nodes[row].over) over.Add(resource, -s.FreeOf(resource, row));
  return s.Extern(over);
}

}  // namespace muster::sched
