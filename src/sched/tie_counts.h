// How many pods of each set, and how many that avoid it, are in each domain, as if the decisions so
// far were carried out: the World's counts, and on top of them those of this cycle.
//
// A term's domains are counted when somebody first asks for them in a cycle, which costs the nodes
// that have such pods; from then on each change is added.  Where nobody has a term this is empty.
// Threads: one, as the overlay it is a part of.  REQUIRES: the World does not change between Reset
// and the last use.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

#include "sched/model/world_state.h"

namespace muster::sched {

class TieCounts {
 public:
  struct Counts {
    std::int64_t in = 0;
    std::int64_t avoiding = 0;
    std::int64_t expected = 0;  // would be in it on places that are kept: nobody to join yet
  };
  enum class Presence { kThere, kExpected };

  // Back to what the World says.
  void Reset(const WorldState& world);
  // `more` pods with these ties on a node.
  void Add(std::uint32_t ties, std::uint32_t row, std::int64_t more, Presence presence);

  // The domain that a node is in; null: none, or the node is not there.
  static const std::string* DomainOf(const WorldState& world, std::uint32_t term,
                                     std::uint32_t row);
  // In the node's domain; nothing where it is in none.
  Counts At(std::uint32_t term, std::uint32_t row) const;
  // Pods of the term's set in all domains; those on nodes that are in none do not count.
  std::int64_t InAll(std::uint32_t term) const;
  // Pods of a set, node by node; a node may come more than once.
  using Visit = std::function<void(std::uint32_t row, std::int64_t pods, Presence presence)>;
  void EachIn(std::uint32_t set, const Visit& visit) const;

 private:
  struct Domains {
    std::map<std::string_view, Counts> by_value;  // of labels of the World's nodes
    std::int64_t in = 0;
  };

  void Put(Domains& domains, std::uint32_t term, std::uint32_t row, Counts more) const;
  const Domains& DomainsOf(std::uint32_t term) const;

  const WorldState* world_ = nullptr;
  // Of this cycle alone.
  std::map<std::uint32_t, RowCounts> in_;             // by set
  std::map<std::uint32_t, RowCounts> expected_;       // likewise
  std::map<std::uint32_t, RowCounts> avoiding_;       // by term
  mutable std::map<std::uint32_t, Domains> domains_;  // by term; counted when first asked for
};

}  // namespace muster::sched
