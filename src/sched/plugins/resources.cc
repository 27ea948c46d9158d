// How many replicas fit into what is free: the least quotient over the requested resources.  A node
// on which anything is in use beyond what it has takes nothing, whatever is asked for.
#include <algorithm>

#include "sched/plugins/plugin.h"
#include "sched/words.h"

namespace muster::sched {
namespace {

// What the node is short of: the device resource before others, then by name.
ResourceId ShortOf(const Wanted& wanted, const NodeView& node) {
  const auto key = [&](ResourceId resource) {
    const std::string& name = wanted.world.Name(resource);
    return std::pair(name != wanted.policy.device_resource, std::string_view(name));
  };
  std::optional<ResourceId> first;
  for (const auto& [resource, amount] : wanted.shape.request) {
    if (node.Free(wanted.world, resource) >= amount) continue;
    if (!first || key(resource) < key(*first)) first = resource;
  }
  return *first;
}

constexpr std::uint64_t kOverAllocated = ~std::uint64_t{0};

// What nobody asks for is as the World says it is: the overlay does not have it.
bool OverAllocated(const Wanted& wanted, const NodeView& node) {
  if (node.overlay == nullptr) return false;
  return std::any_of(node.slot.over.begin(), node.slot.over.end(), [&](ResourceId resource) {
    return (node.overlay->Has(resource) ? node.overlay->Free(resource, node.row)
                                        : wanted.world.FreeOf(resource, node.row)) < 0;
  });
}

Answer Room(const Wanted& wanted, const NodeView& node) {
  if (OverAllocated(wanted, node)) return {0, kOverAllocated};
  std::int64_t room = kAnyNumber;
  for (const auto& [resource, amount] : wanted.shape.request) {
    const std::int64_t free = node.Free(wanted.world, resource);
    if (free < amount) return {0, ShortOf(wanted, node).value};
    room = std::min(room, free / amount);
  }
  return {room, 0};
}

std::string WhyNot(const Wanted& wanted, const NodeView& node) {
  if (OverAllocated(wanted, node)) return "over-allocated";
  const ResourceId resource = ShortOf(wanted, node);
  const std::string& name = wanted.world.Name(resource);
  const std::int64_t need = AmountOf(wanted.shape.request, resource);
  return "insufficient " + name + " (need " + AmountText(name, need) + ")";
}

}  // namespace

Filter ResourcesFilter() { return {"resources", FilterKind::kBusy, Room, WhyNot}; }

}  // namespace muster::sched
