// A class that wants one device model goes only to nodes that say they have it.
#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

Answer Room(const Wanted& wanted, const NodeView& node) {
  const std::string& model = wanted.shape.shape.gpu_model;
  if (model.empty()) return {};
  const auto& labels = node.slot.node->labels;
  const auto it = labels.find(wanted.policy.model_label);
  if (it != labels.end() && it->second == model) return {};
  return {0, 0};
}

std::string WhyNot(const Wanted& wanted, const NodeView&) {
  return "other GPU model (need " + wanted.shape.shape.gpu_model + ")";
}

}  // namespace

Filter GpuModelFilter() { return {"gpu_model", FilterKind::kLasting, Room, WhyNot}; }

}  // namespace muster::sched
