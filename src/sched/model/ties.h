// Who is tied to whom (types.h, Tie): what each set and each term counts on each node.  Kept up by
// the setters of the World; empty where nobody has a term.
//
// Ids decide nothing: order is by name.  Copyable.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/sched/types.h"
#include "sched/model/slots.h"

namespace muster::sched {

using RowCounts = std::map<std::uint32_t, std::int64_t>;  // row -> occupants, none of them 0

// A set spread over the domains of a topology.
struct SpreadSlot {
  std::uint32_t set = kNoSlot;
  std::string topology;
  std::int32_t max_skew = 1;
  std::int32_t min_domains = 0;
};

// All that one pod is to others; equal ones share a slot.
struct TiesSlot {
  std::vector<std::uint32_t> in;      // sets
  std::vector<std::uint32_t> avoids;  // terms
  std::vector<std::uint32_t> joins;   // terms
  std::vector<SpreadSlot> spreads;
  bool IsIn(std::uint32_t set) const;
};

struct TieSetSlot {
  RowCounts rows;                    // occupants in it
  std::vector<std::uint32_t> terms;  // about it
};

// A set in the domains of one topology.
struct TieTermSlot {
  std::uint32_t set = kNoSlot;
  std::string topology;
  RowCounts rows;  // occupants that avoid it
};

class TieBook {
 public:
  // One text for equal ties.
  static std::string KeyOf(const Ties& ties);

  // One more reference; kNoSlot for those of a pod that nobody's term is about and that has none.
  std::uint32_t Acquire(const Ties& ties);
  void Release(std::uint32_t id);  // kNoSlot: nothing
  // kNoSlot also where nobody has them.
  std::uint32_t Find(const Ties& ties) const;
  // Whether these are the ties of the id.
  bool Is(std::uint32_t id, const Ties& ties) const {
    return ties.empty() ? id == kNoSlot : id != kNoSlot && id == Find(ties);
  }
  // `more` occupants with these ties on a node.
  void Count(std::uint32_t id, std::uint32_t row, std::int64_t more);

  const TiesSlot& At(std::uint32_t id) const { return ties_[id]; }
  const TieSetSlot& Set(std::uint32_t id) const { return sets_[id]; }
  const TieTermSlot& Term(std::uint32_t id) const { return terms_[id]; }
  const std::string& SetName(std::uint32_t set) const { return sets_.name(set); }
  // "scheduler.io/job=x in kubernetes.io/hostname"
  std::string TextOf(std::uint32_t term) const;
  // "scheduler.io/job=x"
  std::string TextOfSet(std::uint32_t set) const;

 private:
  std::uint32_t AcquireTerm(const Tie& tie);
  void ReleaseTerm(std::uint32_t id);

  Slots<TiesSlot> ties_;
  Slots<TieSetSlot> sets_;
  Slots<TieTermSlot> terms_;
};

}  // namespace muster::sched
