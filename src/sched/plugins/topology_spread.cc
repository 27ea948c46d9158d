// Topology spread constraints that must hold, as kube-scheduler's PodTopologySpread has them: for
// each constraint
//   pods of the domain + (1 if the pod matches itself) - fewest pods of a domain <= maxSkew
// Domains are those of nodes that the pod selects and that have the topologies of all its
// constraints, whether they take pods at present or not; only pods on such nodes count.  Where
// there are fewer domains than minDomains, the fewest is 0.  A node without one of the labels is
// refused.
//
// Two differences.  kube-scheduler leaves out pods that are being deleted; here a pod counts until
// it is gone, as it does for everything else.  What is expected on places that are kept counts in
// its own domain, and never raises the fewest.
// https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
#include <algorithm>

#include "sched/plugins/plugin.h"
#include "sched/plugins/requirements.h"

namespace muster::sched {
namespace {

enum class Cause { kNone, kNoDomain, kSkewed };

struct Finding {
  Cause cause = Cause::kNone;
  std::size_t constraint = 0;      // of the refusal
  std::int64_t room = kAnyNumber;  // otherwise
  SpreadCounts::Skew skew;         // of a skewed one
};

bool Selects(const Wanted& wanted, const Node& node) {
  const Shape& shape = wanted.shape.shape;
  if (!MatchesAll(shape.selector, node) || !MatchesAny(shape.required, node)) return false;
  if (shape.gpu_model.empty()) return true;  // which is a node selector in fewer words
  const auto model = node.labels.find(wanted.policy.model_label);
  return model != node.labels.end() && model->second == shape.gpu_model;
}

Finding Find(const Wanted& wanted, const NodeView& node, const TiesSlot& ties) {
  Finding finding;
  const auto& spreads = ties.spreads;
  for (const SpreadSlot& spread : spreads) {
    if (!node.slot.node->labels.contains(spread.topology)) {
      finding.cause = Cause::kNoDomain;
      return finding;
    }
    ++finding.constraint;
  }
  if (node.overlay == nullptr) return finding;  // one pod is never too many where there is none
  const SpreadCounts& counts = node.overlay->spreads();
  const std::uint32_t first =
      counts.Of({wanted.ties, wanted.id, [&](const Node& other) { return Selects(wanted, other); }},
                node.overlay->ties());
  for (std::size_t i = 0; i < spreads.size(); ++i) {
    const SpreadCounts::Skew skew = counts.At(first + static_cast<std::uint32_t>(i), node.row);
    const std::int64_t fewest = skew.domains < spreads[i].min_domains ? 0 : skew.fewest;
    const std::int64_t left = spreads[i].max_skew + fewest - skew.in - skew.expected;
    const bool itself = ties.IsIn(spreads[i].set);
    if (left < (itself ? 1 : 0)) return {Cause::kSkewed, i, 0, skew};
    if (itself) finding.room = std::min(finding.room, left);
  }
  return finding;
}

Answer Room(const Wanted& wanted, const NodeView& node) {
  if (wanted.ties == kNoSlot) return {};
  const TiesSlot& ties = wanted.world.ties.At(wanted.ties);
  if (ties.spreads.empty()) return {};
  const Finding finding = Find(wanted, node, ties);
  // What others of it fill may raise the fewest.
  if (finding.cause == Cause::kNone) return {finding.room, 0, finding.room < kAnyNumber};
  const std::uint64_t where = (std::uint64_t{finding.constraint} << 32) | finding.skew.domain;
  return {0, (where << 8) | static_cast<std::uint64_t>(finding.cause),
          finding.cause == Cause::kSkewed};
}

std::string WhyNot(const Wanted& wanted, const NodeView& node) {
  const TiesSlot& ties = wanted.world.ties.At(wanted.ties);
  const Finding finding = Find(wanted, node, ties);
  const SpreadSlot& spread = ties.spreads[finding.constraint];
  if (finding.cause == Cause::kNoDomain) {
    return "without label " + spread.topology + " of topology spread";
  }
  std::string text = "topology spread (" + wanted.world.ties.TextOfSet(spread.set) + " over " +
                     spread.topology + ", maxSkew " + std::to_string(spread.max_skew);
  if (finding.skew.domains < spread.min_domains) {
    text += ", " + std::to_string(finding.skew.domains) + " domains for minDomains " +
            std::to_string(spread.min_domains);
  }
  return text + ")";
}

}  // namespace

Filter TopologySpreadFilter() { return {"topology_spread", FilterKind::kOthers, Room, WhyNot}; }

}  // namespace muster::sched
