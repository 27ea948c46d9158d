// A taint keeps out what does not tolerate it (PreferNoSchedule keeps nothing out).
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
#include "muster/base/hash.h"
#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.exists;
  if (toleration.key != taint.key) return false;
  return toleration.exists || toleration.value == taint.value;
}

const Taint* FirstRefusing(const Wanted& wanted, const NodeView& node) {
  for (const Taint& taint : node.slot.node->taints) {
    if (taint.effect != "NoSchedule" && taint.effect != "NoExecute") continue;
    bool tolerated = false;
    for (const Toleration& t : wanted.shape.shape.tolerations) {
      tolerated = tolerated || Tolerates(t, taint);
    }
    if (!tolerated) return &taint;
  }
  return nullptr;
}

std::string WhyNot(const Wanted& wanted, const NodeView& node) {
  const Taint* taint = FirstRefusing(wanted, node);
  if (taint == nullptr) return "";
  const std::string value = taint->value.empty() ? "" : "=" + taint->value;
  return "taint " + taint->key + value + ":" + taint->effect + " not tolerated";
}

Answer Room(const Wanted& wanted, const NodeView& node) {
  if (FirstRefusing(wanted, node) == nullptr) return {};
  return {0, base::StableHash(WhyNot(wanted, node))};
}

}  // namespace

Filter TaintsFilter() { return {"taints", FilterKind::kLasting, Room, WhyNot}; }

}  // namespace muster::sched
