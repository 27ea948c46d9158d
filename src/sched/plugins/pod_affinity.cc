// Required pod affinity and anti-affinity, as kube-scheduler's InterPodAffinity has them:
//   affinity       every term's domain of the node has a pod that matches all terms; where there is
//                  no such pod in any domain, a pod that matches them itself may be the first
//   anti-affinity  no domain of the node has a pod that a term of this pod's matches, nor one with
//                  a term that matches this pod
// A node without the label is in no domain: affinity refuses it, anti-affinity does not.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
#include <algorithm>

#include "sched/plugins/plugin.h"

namespace muster::sched {
namespace {

enum class Cause { kNone, kNoDomain, kAlone, kAvoids, kAvoided };

struct Finding {
  Cause cause = Cause::kNone;
  std::uint32_t term = kNoSlot;
};

Finding FindNoPeer(const Wanted& wanted, const NodeView& node, const TiesSlot& ties) {
  for (const std::uint32_t term : ties.joins) {
    if (TieCounts::DomainOf(wanted.world, term, node.row) == nullptr) {
      return {Cause::kNoDomain, term};
    }
  }
  if (node.overlay == nullptr) return {};  // whoever it is to join may yet come
  const TieCounts& counts = node.overlay->ties();
  const auto alone = [&](std::uint32_t term) { return counts.At(term, node.row).in <= 0; };
  const auto first = std::find_if(ties.joins.begin(), ties.joins.end(), alone);
  if (first == ties.joins.end()) return {};
  const bool matches_itself = ties.IsIn(wanted.world.ties.Term(*first).set);
  const bool any = std::any_of(ties.joins.begin(), ties.joins.end(),
                               [&](std::uint32_t term) { return counts.InAll(term) > 0; });
  if (matches_itself && !any) return {};
  return {Cause::kAlone, *first};
}

Finding Find(const Wanted& wanted, const NodeView& node) {
  const TieBook& book = wanted.world.ties;
  const TiesSlot& ties = book.At(wanted.ties);
  const Finding no_peer = FindNoPeer(wanted, node, ties);
  if (no_peer.cause != Cause::kNone || node.overlay == nullptr) return no_peer;
  const TieCounts& counts = node.overlay->ties();
  for (const std::uint32_t term : ties.avoids) {
    const TieCounts::Counts there = counts.At(term, node.row);
    if (there.in > 0 || there.expected > 0) return {Cause::kAvoids, term};
  }
  for (const std::uint32_t set : ties.in) {
    for (const std::uint32_t term : book.Set(set).terms) {
      if (counts.At(term, node.row).avoiding > 0) return {Cause::kAvoided, term};
    }
  }
  return {};
}

Answer Room(const Wanted& wanted, const NodeView& node) {
  if (wanted.ties == kNoSlot) return {};
  const Finding finding = Find(wanted, node);
  if (finding.cause != Cause::kNone) {
    return {0, (std::uint64_t{finding.term} << 8) | static_cast<std::uint64_t>(finding.cause)};
  }
  const TiesSlot& ties = wanted.world.ties.At(wanted.ties);
  const bool avoids_itself =
      std::any_of(ties.avoids.begin(), ties.avoids.end(), [&](std::uint32_t term) {
        return ties.IsIn(wanted.world.ties.Term(term).set) &&
               TieCounts::DomainOf(wanted.world, term, node.row) != nullptr;
      });
  return {avoids_itself ? 1 : kAnyNumber, 0};
}

std::string WhyNot(const Wanted& wanted, const NodeView& node) {
  const Finding finding = Find(wanted, node);
  const std::string text = wanted.world.ties.TextOf(finding.term);
  switch (finding.cause) {
    case Cause::kNoDomain:
      return "without label " + wanted.world.ties.Term(finding.term).topology + " of pod affinity";
    case Cause::kAlone:
      return "pod affinity (" + text + ")";
    case Cause::kAvoids:
      return "pod anti-affinity (" + text + ")";
    default:
      return "pod anti-affinity of other pods (" + text + ")";
  }
}

}  // namespace

Filter PodAffinityFilter() { return {"pod_affinity", FilterKind::kOthers, Room, WhyNot}; }

}  // namespace muster::sched
