// A node that is cordoned or not ready takes nothing new.
#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

constexpr std::uint64_t kCordoned = 1;
constexpr std::uint64_t kNotReady = 2;

Answer Room(const Wanted&, const NodeView& node) {
  if (node.slot.node->cordoned) return {0, kCordoned};
  if (!node.slot.node->ready) return {0, kNotReady};
  return {};
}

std::string WhyNot(const Wanted&, const NodeView& node) {
  return node.slot.node->cordoned ? "cordoned" : "not ready";
}

}  // namespace

Filter NodeReadyFilter() { return {"node_ready", FilterKind::kHealth, Room, WhyNot}; }

}  // namespace muster::sched
