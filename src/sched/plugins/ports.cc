// A host port is used once a node (and address); so a class with host ports has one replica a node.
#include "muster/base/hash.h"
#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

bool AnyAddress(const std::string& ip) { return ip.empty() || ip == "0.0.0.0" || ip == "::"; }

bool Clash(const Port& a, const Port& b) {
  return a.port == b.port && a.protocol == b.protocol &&
         (a.ip == b.ip || AnyAddress(a.ip) || AnyAddress(b.ip));
}

const Port* FirstTaken(const Wanted& wanted, const NodeView& node) {
  if (node.overlay == nullptr) return nullptr;
  for (const Port& port : wanted.shape.shape.ports) {
    for (const Port& used : node.overlay->Ports(node.row)) {
      if (Clash(port, used)) return &port;
    }
  }
  return nullptr;
}

Answer Room(const Wanted& wanted, const NodeView& node) {
  if (wanted.shape.shape.ports.empty()) return {};
  const Port* taken = FirstTaken(wanted, node);
  if (taken == nullptr) return {1, 0};
  return {0, static_cast<std::uint64_t>(taken->port)};
}

std::string WhyNot(const Wanted& wanted, const NodeView& node) {
  const Port* taken = FirstTaken(wanted, node);
  return taken == nullptr ? "" : "host port " + std::to_string(taken->port) + " in use";
}

}  // namespace

Filter PortsFilter() { return {"ports", FilterKind::kBusy, Room, WhyNot}; }

}  // namespace muster::sched
