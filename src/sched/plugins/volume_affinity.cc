// A volume can be reached from some nodes only: a class goes where every volume of its claims can
// be. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#node-affinity
#include <algorithm>

#include "sched/plugins/plugin.h"
#include "sched/plugins/requirements.h"

namespace muster::sched {
namespace {

Answer Room(const Wanted& wanted, const NodeView& node) {
  const std::vector<Terms>& volumes = wanted.shape.shape.volumes;
  const bool all = std::all_of(volumes.begin(), volumes.end(), [&](const Terms& volume) {
    return MatchesAny(volume, *node.slot.node);
  });
  return {all ? kAnyNumber : 0, 0};
}

std::string WhyNot(const Wanted&, const NodeView&) { return "volume node affinity conflict"; }

}  // namespace

Filter VolumeAffinityFilter() { return {"volume_affinity", FilterKind::kLasting, Room, WhyNot}; }

}  // namespace muster::sched
