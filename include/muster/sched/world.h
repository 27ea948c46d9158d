// The World: all that one scheduling cycle may look at, changed in place by deltas.  A value:
// copyable, comparable through its canonical form, never looking at a clock (time is a field).
//
// Cost: a Set or Remove costs what changed, never a pass over the other objects.  Setting something
// equal to what is there changes no generation.
// Threads: one owner.  Errors: none; callers hand in what they have checked (amounts in range,
// names not empty).  Unknown names are allowed and simply match nothing until they appear.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/sched/types.h"

namespace muster::sched {

struct WorldState;  // src/sched/model/world_state.h: the columns; for sched only

// Sums for statuses and metrics.
struct UsageView {
  Amounts used;              // bound, committed, terminating and foreign
  std::int32_t running = 0;  // gangs in kRunning or kReleasing
  std::int32_t pending = 0;
  std::int64_t share_q16 = 0;           // weighted dominant share, 65536 = all of the cluster
  std::int64_t dominant_per_mille = 0;  // unweighted dominant share
};

class World {
 public:
  World();
  ~World();
  World(const World& other);
  World& operator=(const World& other);
  World(World&&) noexcept;
  World& operator=(World&&) noexcept;

  void SetNow(base::TimePoint now);
  base::TimePoint now() const;

  void SetNode(const Node& node);
  void RemoveNode(std::string_view name);
  void SetTenant(const Tenant& tenant);
  void RemoveTenant(std::string_view name);
  void SetNamespaceQuota(const NamespaceQuota& quota);  // several objects of one namespace: merged
  void RemoveNamespaceQuota(std::string_view ns);       // by the caller to the least of each
  void SetBudget(const Budget& budget);
  void RemoveBudget(std::string_view name);
  ShapeId InternShape(const Shape& shape);

  void SetGang(const Gang& gang);
  void RemoveGang(std::string_view uid);
  void SetOccupant(const Occupant& occupant);
  void RemoveOccupant(std::string_view key);
  // Replaces all reservations; those of gangs that are gone, or past their deadline, are dropped.
  void SetReservations(std::vector<Reservation> reservations);

  // Rises with every change; equal generation and equal now mean an equal Plan.
  std::uint64_t generation() const;

  const Node* FindNode(std::string_view name) const;
  const std::string& NodeName(Row row) const;
  const Gang* FindGang(std::string_view uid) const;
  const Gang& gang(GangId id) const;  // REQUIRES: the gang has not been removed
  UsageView TenantUsage(std::string_view tenant) const;
  Amounts NamespaceUsage(std::string_view ns) const;
  // What is left on a node for a new gang without a reservation there; nothing if unknown.
  std::optional<Amounts> FreeOn(std::string_view node) const;
  // What is in use on a node beyond its allocatable amount; empty: nothing, or unknown.  Such a
  // node takes nothing new.
  Amounts OverOn(std::string_view node) const;
  std::vector<Reservation> reservations() const;  // sorted by gang
  std::size_t pending_count() const;

  WorldState& state() { return *state_; }
  const WorldState& state() const { return *state_; }

 private:
  std::unique_ptr<WorldState> state_;
};

}  // namespace muster::sched
