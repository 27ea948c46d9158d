// How many replicas fit into what is free: the least quotient over the requested resources.
#include <algorithm>

#include "sched/plugins/plugin.h"
#include "sched/words.h"

namespace muster::sched {
namespace {

Answer Room(const Wanted& wanted, const NodeView& node) {
  std::int64_t room = kAnyNumber;
  for (const auto& [resource, amount] : wanted.shape.request) {
    const std::int64_t free = node.Free(wanted.world, resource);
    if (free < amount) return {0, resource.value};
    room = std::min(room, free / amount);
  }
  return {room, 0};
}

std::string WhyNot(const Wanted& wanted, const NodeView& node) {
  const auto short_of = static_cast<std::uint32_t>(Room(wanted, node).detail);
  const std::string& name = wanted.world.Name(ResourceId{short_of});
  const std::int64_t need = AmountOf(wanted.shape.request, ResourceId{short_of});
  return "insufficient " + name + " (need " + AmountText(name, need) + ")";
}

}  // namespace

Filter ResourcesFilter() { return {"resources", FilterKind::kBusy, Room, WhyNot}; }

}  // namespace muster::sched
