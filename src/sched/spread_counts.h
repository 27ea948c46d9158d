// How evenly sets of pods are spread over domains, as kube-scheduler's PodTopologySpread counts for
// a class with topology spread constraints, as if the decisions so far were carried out.
//
// A domain is one for the class if a node of it counts: one that the class selects and that has the
// topologies of all its constraints.  Only pods on such nodes count.  The nodes are gone through
// when such a class is first asked about in a cycle, the pods when those with its ties are; from
// then on each change is added.  Where nobody has a constraint this is empty.
// Threads: one, as the overlay it is a part of.  REQUIRES: the World does not change between Reset
// and the last use.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sched/model/world_state.h"
#include "sched/tie_counts.h"

namespace muster::sched {

class SpreadCounts {
 public:
  // Back to what the World says.
  void Reset(const WorldState& world);
  // `more` pods with these ties on a node.
  void Add(std::uint32_t ties, std::uint32_t row, std::int64_t more, TieCounts::Presence presence);

  // Who asks: a class with its ties.
  struct Asker {
    std::uint32_t ties = kNoSlot;  // with spreads
    ShapeId shape;
    // Whether the class selects the node.  REQUIRES: the same for one shape.
    std::function<bool(const Node& node)> selects;
  };
  // The number of its first constraint; the others follow it.  `ties`: of the same overlay.
  std::uint32_t Of(const Asker& asker, const TieCounts& ties) const;

  // What a constraint counts for a node.
  struct Skew {
    std::uint32_t domain = kNoSlot;  // in the order of values; kNoSlot: not one for the class
    std::int64_t in = 0;
    std::int64_t expected = 0;  // would be in it on places that are kept
    std::int64_t fewest = 0;    // in a domain, without what is expected
    std::int64_t domains = 0;
  };
  Skew At(std::uint32_t constraint, std::uint32_t row) const;

 private:
  struct Topology {
    std::vector<std::uint32_t> domain;  // by row
    std::int64_t domains = 0;
  };
  // Where the pods of a class count.
  struct Field {
    std::vector<bool> counts;          // by row
    std::vector<Topology> topologies;  // by constraint
  };
  struct Domain {
    std::int64_t in = 0;
    std::int64_t expected = 0;
  };
  struct Constraint {
    std::uint32_t field = 0;
    std::uint32_t topology = 0;
    std::map<std::uint32_t, Domain> domains;      // those with pods
    std::map<std::int64_t, std::int64_t> filled;  // pods in a domain, > 0 -> domains
    std::int64_t empty = 0;                       // domains without
  };

  std::uint32_t FieldOf(const Asker& asker) const;
  Topology Divide(const std::string& topology, const std::vector<bool>& counts) const;
  void Put(Constraint& constraint, std::uint32_t row, std::int64_t more,
           TieCounts::Presence presence) const;

  const WorldState* world_ = nullptr;
  // Of this cycle alone, made when first asked for.
  mutable std::map<std::pair<ShapeId, std::vector<std::string>>, std::uint32_t> field_of_;
  mutable std::map<std::pair<std::uint32_t, ShapeId>, std::uint32_t> first_of_;
  mutable std::map<std::uint32_t, std::vector<std::uint32_t>> of_set_;
  mutable std::vector<Field> fields_;
  mutable std::deque<Constraint> constraints_;
};

}  // namespace muster::sched
