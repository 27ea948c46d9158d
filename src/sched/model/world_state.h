// The columns behind the World.  Everything here is kept up by the setters at the cost of what
// changed; sums are 128-bit and exact.  Slots and rows decide nothing: order is by name and uid.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/sched/types.h"
#include "sched/model/slots.h"
#include "sched/model/ties.h"
#include "sched/model/vec.h"

namespace muster::sched {

struct NodeSlot {
  std::optional<Node> node;  // nothing: only named by occupants
  Vec allocatable;
  std::vector<ResourceId> over;  // more in use than allocatable; sorted
  std::uint64_t version = 0;     // generation of its last own change
  std::int64_t of_tenants = 0;   // occupants that belong to a tenant
  Sums of_nobody;                // amounts of occupants that belong to none
  std::vector<Port> ports;       // in use, with repetitions
  bool schedulable() const { return node && node->ready && !node->cordoned; }
};

struct TenantSlot {
  std::optional<Tenant> tenant;  // nothing: only named by gangs and occupants
  Vec guaranteed;
  Limits hard, borrow_limit, lending_limit;
  Sums used;
  std::int32_t running = 0;  // gangs in kRunning or kReleasing
  std::int32_t pending = 0;
};

struct NamespaceSlot {
  std::optional<NamespaceQuota> quota;
  Limits hard;  // limits.* included, as in `used`
  Sums used;
};

struct GangSlot {
  std::optional<Gang> gang;  // nothing: only named by occupants
  std::vector<std::uint32_t> occupants;
  Sums holds;  // on nodes, limits.* excluded
  std::uint32_t tenant = kNoSlot, ns = kNoSlot, sig = kNoSlot;
  std::uint32_t position = 0;       // in the list of its state
  std::vector<std::uint32_t> ties;  // references of its tasks, while it is pending
};

struct OccupantSlot {
  Vec amounts;        // limits.* excluded
  Vec limit_amounts;  // limits.* alone
  std::vector<Port> ports;
  std::uint32_t node = kNoSlot, gang = kNoSlot, tenant = kNoSlot, ns = kNoSlot;
  std::uint32_t ties = kNoSlot;
};

struct ShapeSlot {
  Shape shape;
  Vec request;
  Sums sums;  // the same
};

// What is the same for all gangs that ask for the same: the unit of the failure memo.
struct SigTask {
  ShapeId shape;
  std::int32_t replicas = 0;
  Sums limits;
  std::uint32_t ties = kNoSlot;  // held by the gangs
};
struct SigSlot {
  std::vector<SigTask> tasks;
  std::int32_t replicas = 0;  // in all
  std::int32_t least = 0;     // min_replicas in [1, replicas]; 0 if there is nothing to place
};

struct Column {
  std::vector<std::int64_t> allocatable;  // by row; shorter than the rows: 0
  std::vector<Wide> used;
};

struct WorldState {
  base::TimePoint now;
  std::uint64_t generation = 0;
  std::uint64_t quota_generation = 0;  // of tenants and namespace quotas

  std::vector<std::string> resource_names;
  std::vector<bool> resource_is_limit;  // "limits.…"
  std::map<std::string, ResourceId, std::less<>> resource_ids;
  std::map<Shape, ShapeId> shape_ids;
  std::vector<ShapeSlot> shapes;

  Slots<NodeSlot> nodes;
  Slots<TenantSlot> tenants;
  Slots<NamespaceSlot> namespaces;
  Slots<GangSlot> gangs;
  Slots<OccupantSlot> occupants;
  Slots<SigSlot> sigs;
  TieBook ties;
  std::vector<Column> columns;             // by resource
  std::vector<std::uint32_t> by_state[3];  // gangs by GangState
  Sums capacity;     // C of scheduling.md section 2, before tenants that are gone
  Sums allocatable;  // of all nodes that are there
  std::vector<Reservation> reservations;                     // sorted by gang
  std::map<std::string, std::int32_t, std::less<>> budgets;  // name -> pods that may go now

  // Rows in the order in which they changed; entry i is number journal_base + i.
  std::vector<std::uint32_t> journal;
  std::uint64_t journal_base = 0;

  ResourceId Resource(std::string_view name);
  std::optional<ResourceId> FindResource(std::string_view name) const;
  const std::string& Name(ResourceId resource) const { return resource_names[resource.value]; }
  enum class Kind { kAmounts, kLimits };  // all but limits.*, or they alone
  Vec Intern(const Amounts& amounts, Kind kind = Kind::kAmounts);
  Limits InternLimits(const Amounts& amounts);
  Amounts Extern(const Sums& sums) const;

  std::int64_t AllocatableOf(ResourceId resource, std::uint32_t row) const;
  Wide UsedOf(ResourceId resource, std::uint32_t row) const;
  std::int64_t FreeOf(ResourceId resource, std::uint32_t row) const;  // without reservations
  const std::vector<std::uint32_t>& Gangs(GangState state) const {
    return by_state[static_cast<int>(state)];
  }

  void SetNode(const Node& node);
  void RemoveNode(std::string_view name);
  void SetGang(const Gang& gang);
  void RemoveGang(std::string_view uid);
  void SetOccupant(const Occupant& occupant);
  void RemoveOccupant(std::string_view key);
  void Touch(std::uint32_t row);

 private:
  void Contribute(std::uint32_t row, Wide sign);  // the node's part of capacity
  void Allocate(std::uint32_t row, const Vec& vec, Wide sign);
  void NoteOver(std::uint32_t row, const Vec& changed);
  void Occupy(const Occupant& occupant, OccupantSlot& slot, std::uint32_t id);
  bool Is(const OccupantSlot& slot, const Occupant& occupant);
  void Vacate(OccupantSlot& slot, std::uint32_t id);
  void Count(const OccupantSlot& slot, Wide sign);
  void Enlist(std::uint32_t id);
  void Delist(std::uint32_t id);
  std::uint32_t AcquireSig(const Gang& gang);
};

}  // namespace muster::sched
