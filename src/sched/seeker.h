// Nodes for replicas of one task, the best first.
//
// Replicas of one task beside each other mostly close nodes: avoiding each other, or as the first
// of those that join themselves, which passes over no node that it could open.  Only where they are
// to be spread do they open some: what fills the emptiest domain gives room in the others.  So
// nodes that a spread refused are looked at again, for as long as that gives something.  Whoever
// seeks anew until nothing is found comes to as much, but by a walk over all nodes for every step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "sched/confines.h"
#include "sched/cycle.h"

namespace muster::sched {

class Seeker {
 public:
  // Null: no confines, no shadows.
  Seeker(Cycle& cycle, const SigTask& task, const Confines* confines, const Stay* stay);

  // kNoSlot: no more.  REQUIRES: only what the last answer allowed has been taken since.
  std::uint32_t Next(std::int64_t* room);
  // Replicas that fit on the node, confines apart.
  std::int64_t RoomAt(std::uint32_t row) {
    return std::min(FreeAt(row), cycle_.RoomBeside(task_, row).room);
  }

 private:
  enum class Look { kFirst, kAgain };
  std::int64_t FreeAt(std::uint32_t row) const;
  bool Allows(std::uint32_t row, Look look, std::int64_t* room);
  std::uint32_t NextAgain(std::int64_t* room);

  Cycle& cycle_;
  const SigTask& task_;
  const Confines* confines_;
  const Stay* stay_;
  ShapeIndex& index_;
  std::optional<ShapeIndex::Walk> walk_;
  bool gave_ = false;  // in this round
  // Nodes with room left that a spread keeps from giving more for now, or from giving anything (by
  // what refuses: all of one list are refused until its first is not), and what of them this round
  // has still to look at.
  std::deque<std::uint32_t> givers_;
  std::map<std::uint64_t, std::deque<std::uint32_t>> refused_;
  std::deque<std::uint32_t> givers_left_;
  std::deque<std::uint64_t> refused_left_;
};

}  // namespace muster::sched
