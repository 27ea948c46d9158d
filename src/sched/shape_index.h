// Where one class fits, other pods (kOthers) apart, best place first: for each row the number of
// replicas that fit and the weighted score, and a tournament over the rows (score, then name).
// Caught up by the overlay's log when used, so that a class costs what changed since it was last
// asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/overlay.h"
#include "sched/plugins/plugin.h"

namespace muster::sched {

// The plugins that a Policy names, in its order.
struct Plugins {
  explicit Plugins(const Policy& policy);
  std::vector<const Filter*> filters;
  std::vector<const Filter*> by_node;  // those that look at one node
  std::vector<const Filter*> others;   // and those of kOthers
  std::vector<std::pair<const Score*, std::int64_t>> scores;
};

class ShapeIndex {
 public:
  void CatchUp(const Wanted& wanted, const Plugins& plugins, const Overlay& overlay);

  // REQUIRES of all: caught up.
  std::uint32_t Best() const { return tree_[1]; }  // kNoSlot: it fits nowhere
  std::int64_t RoomAt(std::uint32_t row) const { return cells_[row].room; }
  // Whether the node passes all filters that look at the node object alone.
  bool FixedAt(std::uint32_t row) const { return row < cells_.size() && cells_[row].fixed; }
  bool AnyFixed() const { return fixed_ > 0; }
  std::int64_t TotalRoom() const { return total_; }
  std::int64_t visited() const { return visited_; }  // rows looked at in the last CatchUp

  // All nodes with room, best first.  What it has given may change and be caught up with; nothing
  // else may.
  class Walk {
   public:
    Walk(const ShapeIndex& index, const WorldState& world);
    std::uint32_t Next();  // kNoSlot: that was all

   private:
    void Push(std::uint32_t at);

    const ShapeIndex& index_;
    const WorldState& world_;
    std::vector<std::uint32_t> heap_;  // parts of the tree, that of the best node first
  };

  std::uint64_t last_used = 0;  // cycle number, for the Cache to forget by

 private:
  struct Cell {
    std::int64_t room = 0;
    std::int64_t score = 0;
    std::uint64_t version = 0;  // of the node, for which `fixed` was found
    bool fixed = false;         // passes all filters that look at the node object alone
  };

  void Evaluate(const Wanted& wanted, const Plugins& plugins, const Overlay& overlay,
                std::uint32_t row);
  bool Better(const WorldState& world, std::uint32_t a, std::uint32_t b) const;
  void Rebuild(const WorldState& world);
  void Lift(const WorldState& world, std::uint32_t row);

  std::vector<Cell> cells_;          // by row
  std::vector<std::uint32_t> tree_;  // 1 is the root; leaves from leaves_ on; kNoSlot: nothing fits
  std::uint32_t leaves_ = 0;
  std::int64_t total_ = 0;
  std::int64_t fixed_ = 0;  // rows that pass all filters that look at the node object alone
  std::int64_t visited_ = 0;
  std::uint64_t cursor_ = 0;
};

}  // namespace muster::sched
